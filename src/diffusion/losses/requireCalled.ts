/** Finds a function that makes a part of losses, passed without its call: `logitNormalTimes` in place of `logitNormalTimes()`. */
import { isTensor } from '../../dsl/index.js';
import { raise } from '../../internal/errors.js';
import { noisingPart } from '../parts.js';

/** A part of losses, which is a function. */
interface Part {
  readonly where: string;
  readonly expected: string;
  /**
   * Tests if a value is the first argument of the part. A function that makes the part gets this argument too, if it is passed
   * without its call.
   */
  readonly takes: (value: unknown) => boolean;
}

const isNoising = (value: unknown): boolean => noisingPart.is(value);

export const DRAW: Part = { where: 'times', expected: 'a draw of times', takes: isNoising };
export const WEIGHTING: Part = { where: 'weighting', expected: 'a weighting', takes: isTensor };
export const DISTANCE: Part = { where: 'distance', expected: 'a distance', takes: isTensor };
export const OBJECTIVE: Part = { where: 'objective', expected: 'losses', takes: isNoising };

/**
 * Raises `ConfigError` for a function that makes a part, passed without its call: it then gets the argument of the part.
 *
 * @param call - the function with an argument, as it should be written
 */
export const requireCalled = ({ where, expected, takes }: Part, call: string, value: unknown): void => {
  if (takes(value))
    raise('ConfigError', {
      where,
      expected,
      actual: `${/^\w+/.exec(call)![0]} without its call`,
      hint: `write ${call}`,
    });
};
