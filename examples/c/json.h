/*
 * As much JSON as this example needs: finding a member in a document that the library wrote, and
 * writing small objects. A program with more to do brings a JSON library.
 */
#pragma once

#include <stddef.h>

/* Text that belongs to somebody else; data is NULL when there is none. */
typedef struct text {
  const char* data;
  size_t size;
} text;

text text_of(const char* c_string);

/* The value of a member of a JSON object, still JSON; {NULL, 0} when it is not there. */
text json_member(text object, const char* name);

/* As json_member along a path of `count` names. */
text json_find(text document, const char* const* path, size_t count);

/*
 * The next element of a JSON list, still JSON, {NULL, 0} after the last one. Begin with *at = 0.
 */
text json_next(text list, size_t* at);

/* Copies a JSON string without its quotes and escapes; -1 when it is none or has no room. */
int json_string(text value, char* out, size_t capacity);

/* A whole number from 0; -1 when it is none. */
long long json_number(text value);

/* Writes `value` as a JSON string; -1 when it has no room. */
int json_quote(const char* value, char* out, size_t capacity);
