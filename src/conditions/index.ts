export type {
  ClassSpec,
  ConditionConfig,
  Conditions,
  ConditionsConfig,
  ConditionSpec,
  ImageSpec,
  TokensSpec,
  VectorSpec,
} from './conditions.js';
export { type ConditionDropout, dropConditions } from './dropout.js';
export {
  type Classes,
  type ConditionImage,
  type ConditionValue,
  type ConditionValues,
  imageOf,
  labelOf,
  type Tokens,
  tokensOf,
  vectorOf,
} from './values.js';
