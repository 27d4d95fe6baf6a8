// SPDX-License-Identifier: MIT
// Boxes by function: the root on top, callees (or, inverted, callers) below, the largest to the left.
#include "analyzer/html/flame_svg.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>

#include "analyzer/export/text.h"
#include "analyzer/report/function_text.h"
#include "analyzer/report/metric.h"
#include "analyzer/report/start_code.h"
#include "analyzer/symbolize/attribution.h"
#include "analyzer/symbolize/python_frames.h"
#include "analyzer/util/markup.h"
#include "analyzer/util/size_format.h"
#include "analyzer/util/terminal_text.h"

namespace memtrace::html {
namespace {

using symbolize::Frame;

constexpr double kWidth = 1200;
constexpr double kRow = 18;
constexpr double kTop = 34;        // room for the heading
constexpr double kSmallest = 0.3;  // pixels
constexpr double kLetter = 6.6;    // width of one, about
constexpr const char* kDullColor = "hsl(220,8%,84%)";

std::string Xml(std::string_view text) {
  return EscapedForMarkup(Printable(text));
}

struct Box {
  std::string name;
  const Frame* frame = nullptr;
  std::uint64_t value = 0;
  std::size_t depth = 0;
  std::vector<std::size_t> children;
  std::unordered_map<std::string, std::size_t> child_of_name;
};

class SvgFlame {
 public:
  SvgFlame(const PageRequest& request, report::Metric metric)
      : request_(request), metric_(metric), boxes_(1) {
    boxes_[0].name = "all";
    for (const exporting::Stack& stack : request.main.stacks.all()) AddStack(stack);
  }

  void Write(exporting::Sink& sink) {
    Place(0, 0);
    const double height = kTop + kRow * static_cast<double>(deepest_ + 1) + 8;
    sink.Write(fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0f} {:.0f}\" width=\"{:.0f}\" "
        "font-family=\"system-ui, sans-serif\" font-size=\"11.5\">\n"
        "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
        "<text x=\"4\" y=\"21\" font-size=\"14\" fill=\"#222\">{}</text>\n",
        kWidth, height, kWidth, Xml(Heading())));
    if (has_python_) sink.Write(Legend());
    sink.Write(shapes_);
    sink.Write("</svg>\n");
  }

 private:
  // Of the colours, where there is more than one kind of code.
  static std::string Legend() {
    struct Entry {
      const char* color;
      const char* text;
    };
    constexpr Entry kEntries[] = {{"hsl(50,92%,62%)", "Python"},
                                  {"hsl(50,66%,82%)", "Python packages"},
                                  {"hsl(170,42%,76%)", "native libraries"},
                                  {kDullColor, "interpreter"}};
    std::string text;
    double x = kWidth - 430;
    for (const Entry& entry : kEntries) {
      text += fmt::format(
          "<rect x=\"{0:.0f}\" y=\"11\" width=\"11\" height=\"11\" fill=\"{2}\"/>"
          "<text x=\"{1:.0f}\" y=\"20.5\" fill=\"#555\">{3}</text>\n",
          x, x + 15, entry.color, entry.text);
      x += 15 + kLetter * static_cast<double>(std::string_view(entry.text).size()) + 16;
    }
    return text;
  }

  void AddStack(const exporting::Stack& stack) {
    const std::uint64_t value = report::RankOf(metric_, report::AmountOf(metric_, stack.amounts));
    if (value == 0) return;
    std::size_t box = 0;
    boxes_[0].value += value;
    const std::size_t end =
        stack.frames.empty() ? 0 : report::EndOfShownStack(stack.frames, stack.charged_frame);
    const std::size_t begin = request_.is_inverted ? stack.charged_frame : 0;
    for (std::size_t i = begin; i < end; ++i) {
      const Frame* frame = stack.frames[request_.is_inverted ? i : end - 1 - i];
      has_python_ = has_python_ || frame->is_python;
      box = ChildOf(box, frame);
      boxes_[box].value += value;
    }
  }

  std::size_t ChildOf(std::size_t parent, const Frame* frame) {
    const std::string name = report::FunctionText(*frame);
    const std::size_t next = boxes_.size();
    const auto [known, is_new] =
        boxes_[parent].child_of_name.try_emplace(name + '\n' + report::FunctionIdentity(*frame), next);
    const std::size_t child = known->second;
    if (is_new) {
      boxes_[parent].children.push_back(child);
      boxes_.push_back({name, frame, 0, boxes_[parent].depth + 1, {}, {}});
    }
    return child;
  }

  std::string ValueText(std::uint64_t value) const {
    return report::RanksByBlocks(metric_) ? FormatGrouped(value) : FormatSize(static_cast<double>(value));
  }

  std::string Heading() const {
    return fmt::format("{}: {} {}{}", exporting::CommandText(request_.main.trace.info).substr(0, 100),
                       ValueText(boxes_[0].value), report::MetricName(metric_),
                       request_.is_inverted ? ", by place, with callers" : "");
  }

  void Place(std::size_t root, double left) {
    struct Step {
      std::size_t box;
      double x;
    };
    std::vector<Step> todo = {{root, left}};
    while (!todo.empty()) {
      const Step step = todo.back();
      todo.pop_back();
      if (Pixels(step.box) < kSmallest) continue;
      Draw(boxes_[step.box], step.x, Pixels(step.box));
      std::vector<std::size_t> children = boxes_[step.box].children;
      std::sort(children.begin(), children.end(), [this](std::size_t a, std::size_t b) {
        return boxes_[a].value != boxes_[b].value ? boxes_[a].value > boxes_[b].value
                                                  : boxes_[a].name < boxes_[b].name;
      });
      double x = step.x;
      for (const std::size_t child : children) {
        todo.push_back({child, x});
        x += Pixels(child);
      }
    }
  }

  double Pixels(std::size_t box) const {
    const auto whole = static_cast<double>(boxes_[0].value);
    return whole == 0 ? 0 : kWidth * static_cast<double>(boxes_[box].value) / whole;
  }

  void Draw(const Box& box, double x, double width) {
    deepest_ = std::max(deepest_, box.depth);
    const double y = kTop + kRow * static_cast<double>(box.depth);
    const std::string share =
        FormatShare(static_cast<double>(box.value), static_cast<double>(boxes_[0].value));
    const auto letters = static_cast<std::size_t>(std::max(0.0, (width - 6) / kLetter));
    const std::string text = letters < 3 ? "" : Xml(EllipsizeEnd(box.name, letters));
    shapes_ += fmt::format(
        "<g><title>{}: {} ({})</title><rect x=\"{:.2f}\" y=\"{:.1f}\" width=\"{:.2f}\" height=\"{:.1f}\" "
        "fill=\"{}\"/>",
        Xml(box.name), ValueText(box.value), share, x, y, std::max(0.2, width - 0.6), kRow - 1, ColorOf(box));
    if (!text.empty()) {
      shapes_ +=
          fmt::format("<text x=\"{:.2f}\" y=\"{:.1f}\" fill=\"#1b1d20\">{}</text>", x + 3, y + 12.6, text);
    }
    shapes_ += "</g>\n";
  }

  // The page's colours: warm for the program itself, cool for libraries, yellow for Python (packages paler),
  // grey for what says little.
  std::string ColorOf(const Box& box) const {
    const auto hash = static_cast<unsigned>(std::hash<std::string>()(box.name));
    if (box.frame == nullptr || report::IsStartCode(*box.frame) || symbolize::IsSkipped(*box.frame, true)) {
      return kDullColor;
    }
    if (box.frame->is_python) {
      const bool is_own = symbolize::IsProgramsOwn(*box.frame);
      return fmt::format("hsl({},{}%,{}%)", 46 + hash % 12, is_own ? 92 : 66,
                         (is_own ? 60 : 80) + hash / 256 % 7);
    }
    if (box.frame->module_path == request_.main.trace.info.exe) {
      return fmt::format("hsl({},82%,{}%)", 14 + hash % 36, 68 + hash / 256 % 8);
    }
    const auto module = static_cast<unsigned>(std::hash<std::string>()(box.frame->module));
    return fmt::format("hsl({},42%,{}%)", 90 + module % 190, 74 + hash % 7);
  }

  const PageRequest& request_;
  report::Metric metric_;
  std::vector<Box> boxes_;
  std::size_t deepest_ = 0;
  bool has_python_ = false;
  std::string shapes_;
};

report::Metric MetricOf(const std::string& name) {
  if (name == "not_freed") return report::Metric::kNotFreed;
  if (name == "total") return report::Metric::kTotal;
  if (name == "count") return report::Metric::kCount;
  if (name == "temporary") return report::Metric::kTemporary;
  return report::Metric::kPeak;
}

}  // namespace

void WriteFlameSvg(const PageRequest& request, exporting::Sink& sink) {
  SvgFlame(request, MetricOf(request.metric)).Write(sink);
}

}  // namespace memtrace::html
