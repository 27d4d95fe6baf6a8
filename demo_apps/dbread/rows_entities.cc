// SPDX-License-Identifier: MIT
// Rows as a session's entities, which is what an ORM makes of them: one object for each key, however often
// its row is read, with the state that lets the session find out later what was changed.
//
//   Session ── identity map ── key (class, values) ──► State ──► Entity ── attributes by name
//                                                       ├─ committed: the attributes as they were loaded
//                                                       ├─ loaded: where each attribute came from
//                                                       └─ the key again, and the way back to the session
//
// With --drop the session lets go of each entity at once, as a session does whose objects nobody holds.
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "demo_apps/dbread/row_sink.h"
#include "demo_apps/dbread/value.h"

namespace dbread {
namespace {

using Attributes = std::unordered_map<std::string, Value>;

class Entity {
 public:
  void Set(const std::string& name, Value value) { attributes_.insert_or_assign(name, std::move(value)); }
  const Value& Get(const std::string& name) const { return attributes_.at(name); }

 private:
  Attributes attributes_;
};

struct IdentityKey {
  std::string entity_class;
  std::vector<Value> values;

  bool operator==(const IdentityKey&) const = default;
};

struct IdentityHash {
  std::size_t operator()(const IdentityKey& key) const {
    RowHash hash;
    hash.Add(key.entity_class);
    for (const Value& value : key.values) AddValue(hash, value);
    return hash.value();
  }
};

class Session;

struct State {
  std::shared_ptr<Entity> entity;
  Attributes committed;
  std::unordered_set<std::string> expired;
  std::unordered_map<std::string, std::size_t> loaded;
  IdentityKey key;
  Session* session = nullptr;
};

class Session {
 public:
  Session(std::string entity_class, std::vector<Column> columns, std::size_t key_place)
      : entity_class_(std::move(entity_class)), columns_(std::move(columns)), key_place_(key_place) {}

  // The entity of a row: made the first time that its key is seen.
  std::shared_ptr<State> Load(RowView view) {
    IdentityKey key{entity_class_, {ToValue(view[key_place_], columns_[key_place_].type)}};
    auto known = identity_map_.find(key);
    if (known != identity_map_.end()) return known->second;
    auto state = std::make_shared<State>();
    state->key = key;
    state->session = this;
    state->entity = std::make_shared<Entity>();
    Fill(*state, view);
    identity_map_.emplace(std::move(key), state);
    return state;
  }

  void Expunge(const IdentityKey& key) { identity_map_.erase(key); }

 private:
  void Fill(State& state, RowView view) const {
    for (std::size_t i = 0; i < view.size(); i++) {
      Value value = ToValue(view[i], columns_[i].type);
      state.committed.emplace(columns_[i].name, value);
      state.loaded.emplace(columns_[i].name, i);
      state.entity->Set(columns_[i].name, std::move(value));
    }
  }

  std::string entity_class_;
  std::vector<Column> columns_;
  std::size_t key_place_;
  std::unordered_map<IdentityKey, std::shared_ptr<State>, IdentityHash> identity_map_;
};

class EntitySink : public RowSink {
 public:
  explicit EntitySink(const SinkRequest& request)
      : columns_(request.columns),
        keep_(request.keep),
        session_(request.dataset, request.columns, request.key_place) {}

  void Add(RowView view) override {
    std::shared_ptr<State> state = session_.Load(view);
    rows_ += 1;
    RowHash hash;
    for (const Column& column : columns_) AddValue(hash, state->entity->Get(column.name));
    checksum_ += hash.value();
    if (keep_) {
      kept_.push_back(state->entity);
    } else {
      session_.Expunge(state->key);
    }
  }

 private:
  std::vector<Column> columns_;
  bool keep_;
  Session session_;
  std::vector<std::shared_ptr<Entity>> kept_;
};

}  // namespace

std::unique_ptr<RowSink> MakeEntitySink(const SinkRequest& request) {
  return std::make_unique<EntitySink>(request);
}

}  // namespace dbread
