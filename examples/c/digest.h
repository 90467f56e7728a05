/*
 * What the steps do: each handler takes a step event and writes what came of it. Nothing here knows
 * of the worker, so that a handler can be tried without one.
 */
#pragma once

#include "json.h"

enum { kResultBytes = 2048, kMessageBytes = 1024 };

/* What came of a step. */
typedef struct step_outcome {
  int ok;
  int retryable;               /* of a failure: whether another attempt may help */
  char result[kResultBytes];   /* of a success: a JSON object */
  char message[kMessageBytes]; /* of a failure; of a success a line for people */
} step_outcome;

typedef void (*step_handler)(text event, step_outcome* outcome);

/* The handler of this name of the template, or NULL. */
step_handler find_handler(text callable);

/* Names of all handlers, as a JSON list. */
extern const char kHandlerNames[];

/* The workflow, as YAML. */
extern const char kWorkflow[];
