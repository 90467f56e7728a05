// The scenarios, in the order in which they run. A new one gets a folder in scenarios/ and a line here.
import channel from '../scenarios/channel/scenario.mjs';
import channelTs from '../scenarios/channel-ts/scenario.mjs';
import dispatchLatency from '../scenarios/dispatch-latency/scenario.mjs';
import doorCall from '../scenarios/door-call/scenario.mjs';
import doorMemory from '../scenarios/door-memory/scenario.mjs';
import doorRoundtrip from '../scenarios/door-roundtrip/scenario.mjs';
import doorWakeup from '../scenarios/door-wakeup/scenario.mjs';
import eventBus from '../scenarios/event-bus/scenario.mjs';
import emitter from '../scenarios/emitter/scenario.mjs';
import idle from '../scenarios/idle/scenario.mjs';
import workflowLatency from '../scenarios/workflow-latency/scenario.mjs';
import workflowThroughput from '../scenarios/workflow-throughput/scenario.mjs';

/** @type {readonly import('./measure.mjs').Scenario[]} */
export const scenarios = [
  workflowLatency,
  workflowThroughput,
  dispatchLatency,
  idle,
  doorCall,
  doorRoundtrip,
  doorWakeup,
  doorMemory,
  channel,
  eventBus,
  emitter,
  channelTs,
];
