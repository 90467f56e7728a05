// What a runtime asks of its worker for durable domain events.
import { requireString } from '../errors/checks.js';
import { native } from './guarded.js';
import type { NativeWorker } from './native-door.js';
import type { DeliveryFailure, FfiDelivery, JsonObject } from './types.js';

/** The part of a runtime that delivers durable events; the members are described at `TaskerRuntime`. */
export abstract class DeliveryCalls {
  protected abstract worker: NativeWorker | null;
  /** The worker. @throws {TaskerError} INVALID_STATE when none is open */
  protected abstract open(): NativeWorker;

  subscribeDomainEvents(subscription: JsonObject): void {
    native(() => {
      this.open().subscribeDomainEvents(JSON.stringify(subscription));
    });
  }

  unsubscribeDomainEvents(subscriber: string): void {
    requireString(subscriber, 'subscriber');
    native(() => {
      this.open().unsubscribeDomainEvents(subscriber);
    });
  }

  removeSubscriber(subscriber: string): void {
    requireString(subscriber, 'subscriber');
    native(() => {
      this.open().removeSubscriber(subscriber);
    });
  }

  pollDeliveries(max: number): FfiDelivery[] | null {
    if (this.worker === null) {
      return null;
    }
    const text = this.worker.pollDeliveries(max);
    return text === null ? null : (JSON.parse(text) as FfiDelivery[]);
  }

  acknowledgeDelivery(deliveryId: string): void {
    native(() => {
      this.open().acknowledgeDelivery(deliveryId);
    });
  }

  failDelivery(deliveryId: string, failure: DeliveryFailure): void {
    native(() => {
      this.open().failDelivery(deliveryId, JSON.stringify(failure));
    });
  }
}
