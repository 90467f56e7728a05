/* Counts brackets instead of nesting calls; takes every text, sound or not. */
#include "json.h"

#include <limits.h>
#include <string.h>

text text_of(const char* c_string) {
  text result = {c_string, strlen(c_string)};
  return result;
}

static size_t skip_space(text in, size_t at) {
  while (at < in.size && strchr(" \t\r\n", in.data[at]) != NULL) ++at;
  return at;
}

/* One past the string or other value that begins at `at`. */
static size_t end_of_value(text in, size_t at) {
  size_t depth = 0;
  int in_string = 0;
  for (; at < in.size; ++at) {
    const char c = in.data[at];
    if (in_string) {
      if (c == '\\') {
        ++at;
      } else if (c == '"') {
        in_string = 0;
        if (depth == 0) return at + 1;
      }
    } else if (c == '"') {
      in_string = 1;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return at;
      if (--depth == 0) return at + 1;
    } else if (c == ',' && depth == 0) {
      return at;
    }
  }
  return in.size;
}

/* The part of a list or object at *at, which moves behind it and its comma. */
static text next_part(text in, size_t* at) {
  const size_t begin = skip_space(in, *at);
  text part = {NULL, 0};
  if (begin >= in.size || in.data[begin] == ']' || in.data[begin] == '}') return part;
  part.data = in.data + begin;
  part.size = end_of_value(in, begin) - begin;
  *at = skip_space(in, begin + part.size);
  if (*at < in.size && (in.data[*at] == ',' || in.data[*at] == ':')) ++*at;
  return part;
}

text json_next(text list, size_t* at) {
  const text none = {NULL, 0};
  if (*at == 0) {
    *at = skip_space(list, 0);
    if (*at >= list.size || list.data[*at] != '[') return none;
    ++*at;
  }
  return next_part(list, at);
}

text json_member(text object, const char* name) {
  const text none = {NULL, 0};
  size_t at = skip_space(object, 0);
  if (at >= object.size || object.data[at] != '{') return none;
  ++at;
  for (;;) {
    const text key = next_part(object, &at);
    if (key.data == NULL) return none;
    const text value = next_part(object, &at);
    if (key.size == strlen(name) + 2 && memcmp(key.data + 1, name, key.size - 2) == 0) return value;
  }
}

text json_find(text document, const char* const* path, size_t count) {
  for (size_t i = 0; i < count && document.data != NULL; ++i) {
    document = json_member(document, path[i]);
  }
  return document;
}

int json_string(text value, char* out, size_t capacity) {
  size_t written = 0;
  if (value.size < 2 || value.data[0] != '"') return -1;
  for (size_t i = 1; i + 1 < value.size; ++i) {
    char c = value.data[i];
    if (c == '\\') {
      static const char kEscapes[] = "bfnrt\"\\/", kMeanings[] = "\b\f\n\r\t\"\\/";
      const char* const known = strchr(kEscapes, value.data[++i]);
      /* Names of files and steps have no \u escapes. */
      if (known == NULL) return -1;
      c = kMeanings[known - kEscapes];
    }
    if (written + 1 >= capacity) return -1;
    out[written++] = c;
  }
  if (capacity == 0) return -1;
  out[written] = '\0';
  return 0;
}

long long json_number(text value) {
  long long number = 0;
  if (value.size == 0) return -1;
  for (size_t i = 0; i < value.size; ++i) {
    const int digit = value.data[i] - '0';
    if (digit < 0 || digit > 9 || number > (LLONG_MAX - digit) / 10) return -1;
    number = number * 10 + digit;
  }
  return number;
}

int json_quote(const char* value, char* out, size_t capacity) {
  static const char kHex[] = "0123456789abcdef";
  size_t written = 0;
  if (capacity < 3) return -1;
  out[written++] = '"';
  for (; *value != '\0'; ++value) {
    const unsigned char c = (unsigned char)*value;
    if (written + 8 > capacity) return -1;
    if (c == '"' || c == '\\') {
      out[written++] = '\\';
      out[written++] = (char)c;
    } else if (c < 0x20) {
      memcpy(out + written, "\\u00", 4);
      out[written + 4] = kHex[c >> 4];
      out[written + 5] = kHex[c & 15];
      written += 6;
    } else {
      out[written++] = (char)c;
    }
  }
  out[written++] = '"';
  out[written] = '\0';
  return 0;
}
