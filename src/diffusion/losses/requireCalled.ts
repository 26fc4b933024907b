/** Finds functions that make a part of losses and are given in its place, without their call. */
import { isTensor } from '../../dsl/index.js';
import { raise } from '../../internal/errors.js';
import { noisingPart } from '../parts.js';

/** A part of losses, which is a function. */
interface Part {
  readonly where: string;
  readonly expected: string;
  /** Tests for its first argument, which a function that makes it gets too if it is given in its place. */
  readonly takes: (value: unknown) => boolean;
}

const isNoising = (value: unknown): boolean => noisingPart.is(value);

export const DRAW: Part = { where: 'times', expected: 'a draw of times', takes: isNoising };
export const WEIGHTING: Part = { where: 'weighting', expected: 'a weighting', takes: isTensor };
export const DISTANCE: Part = { where: 'distance', expected: 'a distance', takes: isTensor };
export const OBJECTIVE: Part = { where: 'objective', expected: 'losses', takes: isNoising };

/**
 * Raises `ConfigError` for a function that makes a part and is given in its place: it gets the argument of the part.
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
