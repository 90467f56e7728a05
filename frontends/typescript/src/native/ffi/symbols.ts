// The functions of include/tasker/ that the FFI door calls, as data: each binding turns them into its own types.

/**
 * Type of a parameter or result. `handle`: a worker, an attachment or an error; `address`: memory or NULL; `size`: size_t or
 * uint64_t, which are the same where there are packages; `callback`: a function or NULL; `text`: NUL-terminated text of the library's.
 */
export type FfiType = 'handle' | 'address' | 'callback' | 'size' | 'u32' | 'i32' | 'text' | 'void';

interface FfiSignature {
  readonly parameters: readonly FfiType[];
  readonly result: FfiType;
}

/** A fallible function: its parameters, then where its error goes. */
function fallible(...parameters: FfiType[]): FfiSignature {
  return { parameters: [...parameters, 'address'], result: 'i32' };
}

/** One text in. */
const textIn = ['address', 'size'] as const;
/** A UUID in, a buffer out; two UUIDs in, a buffer out. */
const oneId = fallible('handle', ...textIn, 'address');
const twoIds = fallible('handle', ...textIn, ...textIn, 'address');
/** A worker in, a buffer out. */
const report = fallible('handle', 'address');
/** At most so many, a buffer out. */
const taken = fallible('handle', 'u32', 'address');
/** A worker alone. */
const order = fallible('handle');

/** By the name of the function. */
export const FFI_SYMBOLS = {
  tasker_abi_version: { parameters: [], result: 'u32' },
  tasker_version: { parameters: [], result: 'text' },
  tasker_error_json: { parameters: ['handle'], result: 'text' },
  tasker_error_destroy: { parameters: ['handle'], result: 'i32' },
  tasker_buffer_destroy: { parameters: ['address'], result: 'void' },
  tasker_check_template: fallible(...textIn, 'address'),
  tasker_log: fallible('i32', ...textIn, ...textIn),

  tasker_worker_open: fallible(...textIn, 'address', 'address'),
  tasker_worker_close: order,
  tasker_worker_register_handlers: fallible('handle', ...textIn),
  tasker_worker_register_all_handlers: order,
  tasker_worker_start: order,
  tasker_worker_wait: fallible('handle', 'u32'),
  tasker_worker_set_wakeup: fallible('handle', 'callback', 'address', 'callback'),

  tasker_worker_complete_step_event: fallible('handle', ...textIn, ...textIn),
  tasker_worker_complete_step_events_json: fallible('handle', ...textIn, 'address'),
  tasker_worker_checkpoint_step_event: fallible('handle', ...textIn, ...textIn, 'address'),
  tasker_worker_checkpoint_step_event_begin: fallible('handle', ...textIn, ...textIn, 'address'),
  tasker_worker_poll_notices: taken,
  tasker_worker_keep_domain_events: order,
  tasker_worker_poll_domain_events: taken,
  tasker_worker_poll_replies: taken,

  tasker_worker_subscribe_domain_events: fallible('handle', ...textIn),
  tasker_worker_unsubscribe_domain_events: fallible('handle', ...textIn),
  tasker_worker_remove_subscriber: fallible('handle', ...textIn),
  tasker_worker_poll_deliveries: taken,
  tasker_worker_acknowledge_delivery: fallible('handle', ...textIn),
  tasker_worker_fail_delivery: fallible('handle', ...textIn, ...textIn),

  tasker_worker_create_tasks: fallible('handle', ...textIn, 'address'),
  tasker_worker_create_tasks_begin: fallible('handle', ...textIn, 'address'),
  tasker_worker_wait_task_begin: fallible('handle', ...textIn, 'u32', 'address'),
  tasker_worker_get_task: oneId,
  tasker_worker_list_tasks: oneId,
  tasker_worker_list_task_steps: oneId,
  tasker_worker_get_step: twoIds,
  tasker_worker_get_step_audit_history: twoIds,
  tasker_worker_cancel_task: fallible('handle', ...textIn),
  tasker_worker_retry_task: fallible('handle', ...textIn, 'address'),
  tasker_worker_put_template: oneId,
  tasker_worker_list_templates: report,

  tasker_bus_open: fallible('handle', 'address'),
  tasker_bus_close: fallible('handle', 'size'),
  tasker_bus_register_event: fallible('handle', 'size', ...textIn, ...textIn),
  tasker_bus_list_events: fallible('handle', 'size', 'address'),
  tasker_bus_publish_begin: fallible('handle', 'size', ...textIn, ...textIn, 'u32', 'address'),
  tasker_bus_subscribe: fallible('handle', 'size', ...textIn, ...textIn, 'address'),
  tasker_bus_unsubscribe: fallible('handle', 'size', 'size'),
  tasker_bus_get_subscription: fallible('handle', 'size', 'size', 'address'),
  tasker_bus_poll: fallible('handle', 'size', 'u32', 'size', 'address'),
  tasker_bus_set_wakeup: fallible('handle', 'size', 'callback', 'address', 'callback'),

  tasker_worker_set_executor_room: fallible('handle', 'i32', 'u32'),
  tasker_worker_poll_executor_step_events_into: fallible('handle', 'i32', 'u32', 'address', 'size', 'address'),
  tasker_worker_hand_back: fallible('handle', ...textIn, 'address'),
  tasker_worker_get_attach_token: report,
  tasker_worker_end_attachment: fallible('handle', 'u32', 'address'),

  tasker_attachment_attach: fallible(...textIn, 'i32', ...textIn, 'address'),
  tasker_attachment_detach: order,
  tasker_attachment_get_id: report,
  tasker_attachment_poll_step_events_into: fallible('handle', 'u32', 'address', 'size', 'address'),
  tasker_attachment_complete_step_event: fallible('handle', ...textIn, ...textIn),
  tasker_attachment_complete_step_events_json: fallible('handle', ...textIn, 'address'),
  tasker_attachment_checkpoint_step_event: fallible('handle', ...textIn, ...textIn, 'address'),
  tasker_attachment_checkpoint_step_event_begin: fallible('handle', ...textIn, ...textIn, 'address'),
  tasker_attachment_poll_replies: taken,
  tasker_attachment_hand_back: fallible('handle', ...textIn, 'address'),
  tasker_attachment_poll_notices: taken,

  tasker_worker_get_status: report,
  tasker_worker_get_metrics: report,
  tasker_worker_get_dispatch_metrics: report,
  tasker_worker_check_starvation_warnings: order,
  tasker_worker_drain_begin: fallible('handle', 'u32', 'address'),
  tasker_worker_stop_begin: fallible('handle', 'address'),
} as const satisfies Record<string, FfiSignature>;

/** Name of a function that the FFI door calls. */
export type FfiName = keyof typeof FFI_SYMBOLS;

/** Functions that wait for a callback on its way: where that callback needs this thread, they run on another. */
export const APART = ['tasker_worker_close', 'tasker_bus_close'] as const satisfies readonly FfiName[];

/** Name of a function that can be called apart. */
export type ApartName = (typeof APART)[number];

/** What `bind` makes of each function, whose types are in the words of a runtime's FFI. */
export function bindAll<Bound>(
  types: Readonly<Record<FfiType, string>>,
  bind: (name: FfiName, parameters: string[], result: string) => Bound,
): Record<FfiName, Bound> {
  const bound = Object.entries(FFI_SYMBOLS).map(([name, { parameters, result }]) => [
    name,
    bind(
      name as FfiName,
      parameters.map((type) => types[type]),
      types[result],
    ),
  ]);
  return Object.fromEntries(bound) as Record<FfiName, Bound>;
}
