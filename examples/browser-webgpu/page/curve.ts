/** The curves of the loss as text, which this browser keeps beside the checkpoint. */
import type { Learning, Loss } from './learning.js';

export type Curve = Pick<Learning, 'losses' | 'heldOut'>;

const flat = (losses: readonly Loss[]): readonly number[] =>
  losses.flatMap(({ step, loss }) => [step, Number(loss.toPrecision(5))]);

const lossesOf = (numbers: unknown): readonly Loss[] =>
  Array.isArray(numbers) && numbers.length % 2 === 0 && numbers.every(Number.isFinite)
    ? numbers.flatMap((step: number, i) => (i % 2 === 0 ? [{ step, loss: numbers[i + 1] as number }] : []))
    : [];

export const curveText = ({ losses, heldOut }: Curve): string => JSON.stringify([losses, heldOut].map(flat));

/** The curves of a text; what is not one of them is empty. */
export const curveOf = (text: string): Curve => {
  try {
    const [losses, heldOut] = Object(JSON.parse(text)) as readonly unknown[];
    return { losses: lossesOf(losses), heldOut: lossesOf(heldOut) };
  } catch {
    return { losses: [], heldOut: [] };
  }
};
