// The other process of delivery.mjs: says "ready", then the microseconds that each event was under way.
import { WorkerServer } from 'tasker-worker';

const STAMP = /^(.{19})\.(\d{6})/;

/**
 * @param {string} text RFC 3339 with nanoseconds
 * @returns {number} microseconds since 1970
 */
function stamp_us(text) {
  const [, seconds, micros = '0'] = STAMP.exec(text) ?? [];
  if (seconds === undefined) throw new Error(`firedAt: "${text}"; expected a time with a fraction`);
  return Date.parse(`${seconds}Z`) * 1000 + Number(micros);
}

const server = new WorkerServer({ storePath: process.argv[2] ?? '', logLevel: 'warn' });
server.subscribeDomainEvents({
  subscriber: 'bench',
  events: '*',
  handler: ({ metadata }) => {
    process.send?.((performance.timeOrigin + performance.now()) * 1000 - stamp_us(metadata.firedAt));
  },
});
await server.start();
process.on('disconnect', () => void server.shutdown());
process.send?.('ready');
