// SPDX-License-Identifier: MIT
#include "preload/python/codes.h"

#include <string.h>
#include <sys/mman.h>

#include "preload/base/arena.h"
#include "preload/base/fork_local.h"
#include "preload/base/spin_lock.h"
#include "preload/base/syscalls.h"
#include "preload/python/text.h"

namespace memtrace::preload {

constinit PythonCodeFilter* g_python_code_filter = nullptr;
constinit std::atomic<std::uint64_t> g_python_codes_epoch{1};

namespace {

constexpr std::uint32_t kFirstCapacity = 4096;
constexpr std::size_t kNameRoom = 4096;
constexpr std::size_t kFileRoom = 4096;
constexpr std::size_t kMaxLineTable = 1 << 20;

// 0: no key. What the key is, is the table's business.
struct Entry {
  std::uint64_t key;
  std::uint64_t id;
};

// A hash table that somebody else guards; at most half full.
struct Table {
  Entry* entries;
  std::uint32_t capacity;  // a power of two
  std::uint32_t used;

  static std::uint32_t HomeIn(std::uint32_t capacity, std::uint64_t key) {
    return static_cast<std::uint32_t>((key * 0x9e3779b97f4a7c15ULL) >> 32) & (capacity - 1);
  }
  std::uint32_t Home(std::uint64_t key) const { return HomeIn(capacity, key); }
  std::uint32_t Next(std::uint32_t slot) const { return (slot + 1) & (capacity - 1); }
};

struct Store {
  PythonCodeFilter filter;
  SpinLock lock;
  std::atomic<std::uint32_t> version;  // odd: by_address is being changed
  Table by_address;
  Table by_content;
  std::uint32_t last_id;
  char name[kNameRoom];
  char file[kFileRoom];
};

constinit Store* g_store = nullptr;
constinit PythonCodeSink g_sink = nullptr;

// While a table of entries is looked through by a thread that has no lock, another may replace it. The memory
// stays.
std::uint64_t Load(const std::uint64_t& word) {
  return std::atomic_ref<std::uint64_t>(const_cast<std::uint64_t&>(word)).load(std::memory_order_relaxed);
}
void Put(std::uint64_t& word, std::uint64_t value) {
  std::atomic_ref<std::uint64_t>(word).store(value, std::memory_order_relaxed);
}

// The capacity before the entries: Grow stores them the other way round, so that a reader that gets one of
// each has the smaller capacity and the larger table.
std::uint64_t Find(const Table& table, std::uint64_t key) {
  auto& shared = const_cast<Table&>(table);
  const std::uint32_t capacity =
      std::atomic_ref<std::uint32_t>(shared.capacity).load(std::memory_order_acquire);
  const Entry* const entries = std::atomic_ref<Entry*>(shared.entries).load(std::memory_order_acquire);
  std::uint32_t slot = Table::HomeIn(capacity, key);
  for (std::uint32_t tries = 0; tries < capacity; ++tries, slot = (slot + 1) & (capacity - 1)) {
    const std::uint64_t found = Load(entries[slot].key);
    if (found == key) return Load(entries[slot].id);
    if (found == 0) return 0;
  }
  return 0;
}

void Insert(Table& table, const Entry& entry) {
  std::uint32_t slot = table.Home(entry.key);
  while (table.entries[slot].key != 0) slot = table.Next(slot);
  Put(table.entries[slot].id, entry.id);
  Put(table.entries[slot].key, entry.key);
  ++table.used;
}

// The larger table is filled before readers see it.
bool Grow(Table& table) {
  const std::uint32_t capacity = table.capacity == 0 ? kFirstCapacity : table.capacity * 2;
  Table larger{MapArray<Entry>(capacity), capacity, 0};
  if (larger.entries == nullptr) return false;
  for (std::uint32_t i = 0; i < table.capacity; ++i) {
    if (table.entries[i].key != 0) Insert(larger, table.entries[i]);
  }
  Entry* const old = table.entries;
  const std::uint32_t old_capacity = table.capacity;
  std::atomic_ref<Entry*>(table.entries).store(larger.entries, std::memory_order_release);
  std::atomic_ref<std::uint32_t>(table.capacity).store(capacity, std::memory_order_release);
  table.used = larger.used;
  // A late reader finds zeros.
  if (old != nullptr)
    sys::Call(SYS_madvise, sys::AsLong(old), static_cast<long>(old_capacity * sizeof(Entry)), MADV_DONTNEED);
  return true;
}

bool HasRoom(Table& table) {
  return table.used * 2 < table.capacity || Grow(table);
}

// Takes the entry out and moves up those behind it that would not be found any more (Knuth, TAOCP 3, 6.4, R).
void Remove(Table& table, std::uint64_t key) {
  std::uint32_t hole = table.Home(key);
  while (table.entries[hole].key != key) hole = table.Next(hole);
  for (std::uint32_t slot = table.Next(hole); table.entries[slot].key != 0; slot = table.Next(slot)) {
    const std::uint32_t home = table.Home(table.entries[slot].key);
    const std::uint32_t mask = table.capacity - 1;
    if (((slot - home) & mask) < ((slot - hole) & mask)) continue;  // its home is behind the hole
    Put(table.entries[hole].id, table.entries[slot].id);
    Put(table.entries[hole].key, table.entries[slot].key);
    hole = slot;
  }
  Put(table.entries[hole].key, 0);
  --table.used;
}

// Around a change of by_address, with the lock held.
class AddressChange {
 public:
  AddressChange() { g_store->version.fetch_add(1, std::memory_order_acq_rel); }
  ~AddressChange() { g_store->version.fetch_add(1, std::memory_order_release); }
};

void Count(std::uintptr_t address, int change) {
  auto& count = g_store->filter.counts[PythonCodeFilter::SlotOf(address)];
  const unsigned now = count.load(std::memory_order_relaxed);
  if (now != 255)
    count.store(static_cast<std::uint8_t>(static_cast<int>(now) + change), std::memory_order_relaxed);
}

std::uint64_t Mix(std::uint64_t hash, const void* data, std::size_t bytes) {
  const auto* in = static_cast<const unsigned char*>(data);
  for (; bytes > 0;) {
    std::uint64_t word = 0;
    const std::size_t now = bytes < sizeof(word) ? bytes : sizeof(word);
    memcpy(&word, in, now);
    hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
    hash ^= hash >> 29;
    in += now;
    bytes -= now;
  }
  return hash;
}

struct Content {
  PythonText file;
  PythonText name;
  std::uint32_t first_line;
  const unsigned char* line_table;
  std::size_t line_table_bytes;

  std::uint64_t Hash() const {
    const std::uint64_t sizes[] = {file.bytes(), name.bytes(), line_table_bytes, first_line};
    std::uint64_t hash = Mix(1, sizes, sizeof(sizes));
    hash = Mix(hash, file.data, file.bytes());
    hash = Mix(hash, name.data, name.bytes());
    hash = Mix(hash, line_table, line_table_bytes);
    return hash != 0 ? hash : 1;
  }
};

Content ReadContent(const PythonRuntime& runtime, std::uintptr_t code) {
  const PythonOffsets& at = *runtime.offsets;
  constexpr int kVariableSize = 16;  // PyVarObject: object, size
  Content content{};
  content.file = ReadPythonText(runtime, PythonWord(code, at.code_file));
  content.name = ReadPythonText(runtime, PythonWord(code, at.code_name));
  content.first_line = static_cast<std::uint32_t>(PythonInt(code, at.code_first_line));
  const std::uintptr_t lines = PythonWord(code, at.code_line_table);
  if (lines != 0 && PythonTypeOf(lines) == runtime.bytes_type) {
    content.line_table = reinterpret_cast<const unsigned char*>(lines) + at.bytes_data;
    const std::size_t bytes = PythonWord(lines, kVariableSize);
    content.line_table_bytes = bytes < kMaxLineTable ? bytes : kMaxLineTable;
  }
  return content;
}

format::PythonLineTable LineTableForm(const PythonOffsets& offsets) {
  if (offsets.minor <= 9) return format::PythonLineTable::kLnotab;
  return offsets.minor == 10 ? format::PythonLineTable::kLines310 : format::PythonLineTable::kLocations;
}

// With the lock held.
std::uint32_t Describe(const PythonRuntime& runtime, std::uintptr_t code) {
  const Content content = ReadContent(runtime, code);
  const std::uint64_t hash = content.Hash();
  Store& store = *g_store;
  if (const std::uint64_t known = Find(store.by_content, hash); known != 0)
    return static_cast<std::uint32_t>(known);
  if (store.last_id + 1 >= format::kMaxPythonCodes || !HasRoom(store.by_content)) return 0;
  PythonCodeText text{};
  text.id = store.last_id + 1;
  text.first_line = content.first_line;
  text.line_table_form = LineTableForm(*runtime.offsets);
  text.name = store.name;
  text.name_bytes = PutUtf8(content.name, store.name, kNameRoom);
  text.file = store.file;
  text.file_bytes = PutUtf8(content.file, store.file, kFileRoom);
  text.line_table = content.line_table;
  text.line_table_bytes = content.line_table_bytes;
  if (!g_sink(text)) return 0;
  ++store.last_id;
  Insert(store.by_content, {hash, store.last_id});
  return store.last_id;
}

std::uint32_t Add(const PythonRuntime& runtime, std::uintptr_t code) {
  Store& store = *g_store;
  SpinLockHolder hold(store.lock);
  if (const std::uint64_t known = Find(store.by_address, code); known != 0)
    return static_cast<std::uint32_t>(known);
  const std::uint32_t id = Describe(runtime, code);
  if (id == 0) return 0;
  const AddressChange change;
  if (!HasRoom(store.by_address)) return 0;
  Insert(store.by_address, {code, id});
  Count(code, +1);
  return id;
}

// Sets *id if the table stood still meanwhile.
bool FindWithoutLock(std::uintptr_t code, std::uint64_t* id) {
  const std::uint32_t before = g_store->version.load(std::memory_order_acquire);
  if ((before & 1) != 0) return false;
  *id = Find(g_store->by_address, code);
  std::atomic_thread_fence(std::memory_order_acquire);
  return g_store->version.load(std::memory_order_relaxed) == before;
}

}  // namespace

bool PythonCodesInit(PythonCodeSink sink) {
  g_sink = sink;
  if (g_store == nullptr) g_store = static_cast<Store*>(MapForkLocal(sizeof(Store)));
  if (g_store == nullptr) return false;
  g_python_code_filter = &g_store->filter;
  return true;
}

std::uint32_t PythonCodeId(const PythonRuntime& runtime, std::uintptr_t code) {
  std::uint64_t id = 0;
  if (FindWithoutLock(code, &id) && id != 0) return static_cast<std::uint32_t>(id);
  return Add(runtime, code);
}

void PythonBlockMayBeCode(std::uintptr_t block) {
  Store& store = *g_store;
  std::uint64_t id = 0;
  if (FindWithoutLock(block, &id) && id == 0) return;
  SpinLockHolder hold(store.lock);
  if (Find(store.by_address, block) == 0) return;
  const AddressChange change;
  Remove(store.by_address, block);
  Count(block, -1);
  g_python_codes_epoch.fetch_add(1, std::memory_order_acq_rel);
}

void PythonCodesForget() {
  Store& store = *g_store;
  SpinLockHolder hold(store.lock);
  const AddressChange change;
  for (std::uint32_t i = 0; i < store.by_address.capacity; ++i) Put(store.by_address.entries[i].key, 0);
  store.by_address.used = 0;
  for (auto& count : store.filter.counts) count.store(0, std::memory_order_relaxed);
  g_python_codes_epoch.fetch_add(1, std::memory_order_acq_rel);
}

}  // namespace memtrace::preload
