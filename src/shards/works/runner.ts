/** Runs jobs in a process: reads a job, checks that it requires the bits of this process, and runs its kind of work. */
import { raise } from '../../internal/errors.js';
import { type Block, type Fallible, take } from '../../internal/gen.js';
import { show } from '../../internal/decode.js';
import { listed } from '../../internal/listed.js';
import { genTask } from '../../dsl/run/genEffect.js';
import { type Bits, bitsOf, equalBits, showBits } from '../jobs/bits.js';
import { encodeWork } from './encodeShards.js';
import { featureWork, networkWork } from './featureShards.js';
import { inputIn, valuesIn } from '../jobs/input.js';
import { demandDigest, type Job, jobIn } from '../jobs/job.js';
import { likelihoodWork } from './likelihoodShards.js';
import type { Order } from '../jobs/order.js';
import { resultOf } from '../jobs/result.js';
import { sampleWork } from './sampleShards.js';
import type { OpenTools } from '../jobs/tools.js';
import type { Work } from '../jobs/work.js';

const WORKS: readonly Work[] = [sampleWork, encodeWork, likelihoodWork, featureWork, networkWork];

/** Runs jobs one after the other. */
export interface Runner {
  readonly bits: Bits;
  /** Computes the bytes of the result of a job. The job alone decides them. */
  readonly run: (order: Order) => Fallible<Uint8Array>;
}

/** Raises `ConfigError` unless the job requires the bits of this process. */
const demandBits = (job: Job, bits: Bits): void => {
  if (!equalBits(job.bits, bits))
    raise('ConfigError', {
      where: 'worker',
      expected: `a job for the bits that it gives: ${showBits(bits)}`,
      actual: showBits(job.bits),
      hint: 'use the same version, backend and rounding in the program and in its workers',
    });
};

const workFor = (job: Job): Work =>
  WORKS.find(({ name }) => name === job.work) ??
  raise('DecodeError', {
    where: 'job: work',
    expected: listed(WORKS.map(({ name }) => name)),
    actual: show(job.work),
    hint: 'use the same version of noisefold in the program and in its workers',
  });

export const runnerOf = (tools: OpenTools): Runner => {
  const bits = bitsOf(tools.backend);
  return {
    bits,
    run: ({ name, text, input }) =>
      genTask('worker', function* (): Block<Uint8Array> {
        demandDigest('job', name, text);
        const job = yield* take(jobIn(text));
        demandBits(job, bits);
        const work = workFor(job);
        const bytes = input?.bytes ?? new Uint8Array(0);
        if (job.input !== undefined) demandDigest('input of the job', job.input, bytes);
        const tensors = yield* work.run(job.options, job.range, {
          ...tools,
          input: () => take(inputIn(bytes)),
          values: () => take(valuesIn(bytes)),
        });
        return yield* take(resultOf(name, tensors));
      }),
  };
};
