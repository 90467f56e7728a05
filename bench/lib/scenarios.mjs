// The scenarios, in the order in which they run. A new one gets a folder in scenarios/ and a line here.
import channel from '../scenarios/channel/scenario.mjs';
import channelTs from '../scenarios/channel-ts/scenario.mjs';
import dispatchLatency from '../scenarios/dispatch-latency/scenario.mjs';
import domainEvents from '../scenarios/domain-events/scenario.mjs';
import doorCall from '../scenarios/door-call/scenario.mjs';
import doorMemory from '../scenarios/door-memory/scenario.mjs';
import doorRoundtrip from '../scenarios/door-roundtrip/scenario.mjs';
import doorWakeup from '../scenarios/door-wakeup/scenario.mjs';
import eventBus from '../scenarios/event-bus/scenario.mjs';
import emitter from '../scenarios/emitter/scenario.mjs';
import idle from '../scenarios/idle/scenario.mjs';
import poolBinary from '../scenarios/pool-binary/scenario.mjs';
import poolBreakEven from '../scenarios/pool-break-even/scenario.mjs';
import poolCpu from '../scenarios/pool-cpu/scenario.mjs';
import poolLatency from '../scenarios/pool-latency/scenario.mjs';
import poolRecovery from '../scenarios/pool-recovery/scenario.mjs';
import poolStartup from '../scenarios/pool-startup/scenario.mjs';
import poolThroughput from '../scenarios/pool-throughput/scenario.mjs';
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
  domainEvents,
  poolThroughput,
  poolLatency,
  poolBinary,
  poolCpu,
  poolStartup,
  poolRecovery,
  poolBreakEven,
];
