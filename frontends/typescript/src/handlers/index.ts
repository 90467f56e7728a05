export { defineHandler, from, type, wrapReturned } from './define-handler.js';
export type {
  DefinedHandler,
  Dependencies,
  Dependency,
  DependencySource,
  DependencyValue,
  HandlerArguments,
  HandlerDefinitionObject,
  HandlerOptions,
  InputKeys,
  InputOf,
  ResultOf,
  StoredResult,
} from './define-handler-types.js';
export { ErrorType, WorkerErrorType, isStandardErrorType, isTypicallyRetryable } from './error-type.js';
export { EXECUTORS, type HandlerExecution } from './execution.js';
export {
  DEFAULT_METHOD,
  effectiveMethod,
  fromCallable,
  fromDto,
  hasResolverHint,
  normalizeToDefinition,
  usesMethodDispatch,
  type HandlerDefinition,
  type HandlerSpec,
} from './handler-definition.js';
export {
  HandlerModule,
  HandlerModuleError,
  handlerModule,
  loadHandlerModule,
  type HandlerModuleOptions,
  type ModuleAddress,
} from './handler-module.js';
export { HandlerRegistry, type RegistryDebugInfo } from './handler-registry.js';
export { JSON_DEPTH_MAX, findNotJson, type NotJsonProblem, type Serialized } from '../errors/json.js';
export {
  MethodDispatchError,
  NoResolverMatchError,
  ResolutionError,
  ResolverNotFoundError,
} from './resolution-errors.js';
export {
  ExplicitMappingResolver,
  MethodDispatchWrapper,
  RegistryResolver,
  ResolverChain,
  type BaseResolver,
  type HandlerSource,
} from './resolvers.js';
export { StepAbortedError, StepContext } from './step-context.js';
export { StepHandler, type ExecutableHandler, type StepHandlerClass } from './step-handler.js';
export {
  StepHandlerResult,
  type CheckpointYield,
  type CheckpointYieldResult,
  type StepHandlerResultFields,
} from './step-handler-result.js';
export type { EventCondition, EventDeliveryMode, PublishEventOptions } from './published-event.js';
