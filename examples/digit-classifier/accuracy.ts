import type { Noisefold } from 'noisefold';
import { argmax, compile, equal, program, read } from 'noisefold/dsl';
import { digitNetwork } from 'noisefold/evaluation';
import { type Dataset, loadTensors } from 'noisefold/training';

const BATCH = 200;

/** The share of digits that the network in a file recognises. */
export const accuracy = async (nf: Noisefold, path: string, digits: Dataset): Promise<number> => {
  const params = await nf.run(loadTensors(path, digitNetwork.params));
  const spec = { params: digitNetwork.params, images: 'B 28 28 1', labels: 'B:int32' } as const;
  const isRight = program(spec, ({ params, images, labels }) =>
    equal(argmax(digitNetwork.apply(params)(images).logits, 1), labels),
  );
  const { run } = await nf.run(compile(isRight, { B: BATCH }));
  let right = 0;
  for (let first = 0; first < digits.size; first += BATCH) {
    const positions = Int32Array.from({ length: BATCH }, (_, i) => first + i);
    const { images, labels = new Int32Array(BATCH) } = await nf.run(() => digits.batch(positions));
    for (const one of await nf.run(read(await nf.run(run({ params, images, labels }))))) right += Number(one);
  }
  return right / digits.size;
};
