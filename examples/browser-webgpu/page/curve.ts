/** The curves of the loss as text, which this browser keeps beside the checkpoint. */

export interface Loss {
  readonly step: number;
  readonly loss: number;
}

export interface Curve {
  readonly losses: readonly Loss[];
  /** The loss of the averaged weights on digits that are not for training. */
  readonly heldOut: readonly Loss[];
  /** That of the same weights on digits for training. */
  readonly trained: readonly Loss[];
}

const flat = (losses: readonly Loss[]): readonly number[] =>
  losses.flatMap(({ step, loss }) => [step, Number(loss.toPrecision(5))]);

const lossesOf = (numbers: unknown): readonly Loss[] =>
  Array.isArray(numbers) && numbers.length % 2 === 0 && numbers.every(Number.isFinite)
    ? numbers.flatMap((step: number, i) => (i % 2 === 0 ? [{ step, loss: numbers[i + 1] as number }] : []))
    : [];

export const curveText = ({ losses, heldOut, trained }: Curve): string =>
  JSON.stringify([losses, heldOut, trained].map(flat));

/** The curves of a text; what is not one of them is empty. */
export const curveOf = (text: string): Curve => {
  try {
    const [losses, heldOut, trained] = Object(JSON.parse(text)) as readonly unknown[];
    return { losses: lossesOf(losses), heldOut: lossesOf(heldOut), trained: lossesOf(trained) };
  } catch {
    return { losses: [], heldOut: [], trained: [] };
  }
};
