#include "core/base/pattern.h"

#include <fmt/format.h>
#include <pcre2.h>

#include <array>
#include <new>
#include <string>

namespace tasker::base {
namespace {

// PCRE2's own list of what makes it read a pattern as ECMAScript does.
constexpr std::uint32_t kOptions = PCRE2_UTF | PCRE2_ALT_BSUX | PCRE2_ALLOW_EMPTY_CLASS |
                                   PCRE2_MATCH_UNSET_BACKREF | PCRE2_DOLLAR_ENDONLY |
                                   PCRE2_NEVER_BACKSLASH_C;

template <auto kFree>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};

using Code = std::unique_ptr<pcre2_code, Freed<pcre2_code_free>>;
using CompileContext = std::unique_ptr<pcre2_compile_context, Freed<pcre2_compile_context_free>>;
using MatchContext = std::unique_ptr<pcre2_match_context, Freed<pcre2_match_context_free>>;
using MatchData = std::unique_ptr<pcre2_match_data, Freed<pcre2_match_data_free>>;

/// PCRE2 makes nothing but without memory.
template <class Owner>
Owner made(typename Owner::pointer object) {
  if (object == nullptr) throw std::bad_alloc();
  return Owner(object);
}

PCRE2_SPTR bytes_of(std::string_view text) {
  // An empty view may have no address, which an older PCRE2 refuses.
  return reinterpret_cast<PCRE2_SPTR>(text.empty() ? "" : text.data());
}

}  // namespace

struct Pattern::Compiled {
  Code code;
};

Result<Pattern> Pattern::compile(std::string_view text) {
  const auto context = made<CompileContext>(pcre2_compile_context_create(nullptr));
  pcre2_set_compile_extra_options(context.get(), PCRE2_EXTRA_ALT_BSUX);
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_ANYCRLF);
  int error = 0;
  PCRE2_SIZE offset = 0;
  Code code(pcre2_compile(bytes_of(text), text.size(), kOptions, &error, &offset, context.get()));
  if (!code) {
    if (error == PCRE2_ERROR_HEAP_FAILED || error == PCRE2_ERROR_NOMEMORY) throw std::bad_alloc();
    std::array<PCRE2_UCHAR, 128> message{};
    pcre2_get_error_message(error, message.data(), message.size());
    return fail(ErrorCode::kINVALID_ARGUMENT,
                fmt::format("{} behind byte {}: {}", shown(text), offset,
                            reinterpret_cast<const char*>(message.data())));
  }
  return Pattern(std::make_shared<const Compiled>(Compiled{std::move(code)}));
}

Pattern::Found Pattern::search(std::string_view text, std::uint32_t steps_max) const {
  const pcre2_code* const code = compiled_->code.get();
  const auto context = made<MatchContext>(pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(context.get(), steps_max);
  pcre2_set_heap_limit(context.get(), kMemoryKibMax);
  const auto data = made<MatchData>(pcre2_match_data_create_from_pattern(code, nullptr));
  const int matched =
      pcre2_match(code, bytes_of(text), text.size(), 0, 0, data.get(), context.get());
  if (matched >= 0) return Found::kYes;
  if (matched == PCRE2_ERROR_NOMATCH) return Found::kNo;
  if (matched == PCRE2_ERROR_NOMEMORY) throw std::bad_alloc();
  return Found::kGaveUp;
}

}  // namespace tasker::base
