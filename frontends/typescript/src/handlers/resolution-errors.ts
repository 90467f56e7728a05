// Why no handler could be found for a step. None of them passes by itself, so none is retryable.
import { applyBrand } from '../errors/brand.js';
import { HandlerError } from '../errors/handler-errors.js';
import { WorkerErrorType } from './error-type.js';

/** Finding a handler failed. */
export class ResolutionError extends HandlerError {
  static override readonly brand: symbol = Symbol.for('tasker.ResolutionError');
  override readonly name: string = 'ResolutionError';
  readonly errorType: string = WorkerErrorType.HANDLER_NOT_FOUND;
  readonly retryable: boolean = false;
}
applyBrand(ResolutionError);

/** A template names a resolver that the chain does not have. */
export class ResolverNotFoundError extends ResolutionError {
  static override readonly brand: symbol = Symbol.for('tasker.ResolverNotFoundError');
  override readonly name: string = 'ResolverNotFoundError';
}
applyBrand(ResolverNotFoundError);

/** No resolver knows the callable. */
export class NoResolverMatchError extends ResolutionError {
  static override readonly brand: symbol = Symbol.for('tasker.NoResolverMatchError');
  override readonly name: string = 'NoResolverMatchError';
}
applyBrand(NoResolverMatchError);

/** The handler lacks the method that the template names. */
export class MethodDispatchError extends ResolutionError {
  static override readonly brand: symbol = Symbol.for('tasker.MethodDispatchError');
  override readonly name: string = 'MethodDispatchError';
  override readonly errorType: string = WorkerErrorType.METHOD_NOT_FOUND;
}
applyBrand(MethodDispatchError);
