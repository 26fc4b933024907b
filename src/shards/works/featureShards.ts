/** Features of images as jobs, for FID and the other metrics. */
import type { Task } from '../../dsl/run/effect.js';
import { extractFeatures, type Extracted, type Features } from '../../evaluation/index.js';
import { positive } from '../../internal/decode.js';
import type { Exact } from '../../internal/exact.js';
import { raise } from '../../internal/errors.js';
import { E, F, t } from '../../internal/fp.js';
import { take } from '../../internal/gen.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { genTask } from '../../dsl/run/genEffect.js';
import type { StoredTensor } from '../../formats/safetensors/safetensors.js';
import { dataFields, dataPieces, type DataShards } from './dataShards.js';
import { digest } from '../jobs/job.js';
import { allFiles, rowsOf } from './results.js';
import { tensorIn } from '../jobs/result.js';
import { type Question, runPieces } from './sharding.js';
import { workOf } from '../jobs/work.js';

const looking = {
  /** The network: 'digits', or the name of one of the `networks` of the workers. */
  network: t.string,
  /** The number of images that a worker takes at a time; default 200. */
  batch: optional(positive, 200),
};

/** The images, the network, and where the jobs run. */
export interface FeatureShards extends DataShards, OptionsOf<typeof looking> {}

const where = 'featureShards';
const options = schema(where, { ...dataFields, ...looking } satisfies Record<keyof FeatureShards, unknown>);

const tensorOf = ({ data, shape }: Features): StoredTensor =>
  data instanceof Float64Array ? { dtype: 'F64', shape, data } : { dtype: 'F32', shape, data };

/** Returns the digest of a network of a worker, so that jobs can name the network. */
export const networkWork = workOf<{ readonly network: string; readonly question: string }>({
  name: 'network',
  options: schema('job', { network: looking.network, question: t.string }),
  *run({ network: name }, _range, { network }) {
    const { digest: hex } = yield* network(name);
    return new Map([['digest', { dtype: 'U8', shape: [32], data: Uint8Array.from(Buffer.from(hex, 'hex')) }]]);
  },
});

interface FeatureJob extends OptionsOf<typeof looking> {
  /** The SHA-256 of the network. */
  readonly digest: string;
}

/** Extracts features in a worker. */
export const featureWork = workOf<FeatureJob>({
  name: 'features',
  options: schema('job', { ...looking, digest }),
  *run({ network: name, batch = 200, digest: wanted }, _range, { backend, network, input }) {
    const { images } = yield* input();
    const open = yield* network(name);
    if (open.digest !== wanted)
      raise('ConfigError', {
        where: `worker: networks.${name}`,
        expected: `the network with the SHA-256 ${wanted}`,
        actual: open.digest,
        hint: 'start all workers again with the same network',
      });
    const { features, probabilities } = yield* take(extractFeatures(open.network, images, { batch })(backend));
    return new Map([['features', tensorOf(features)], ...(probabilities ? [['probabilities', tensorOf(probabilities)] as const] : [])]); // oxfmt-ignore
  },
});

/**
 * Asks a worker for the digest of a network. Each question is a new job, because a stored answer could be that of an
 * older network.
 */
const digestOf = (network: string): Question => ({
  piece: { work: networkWork.name, range: [0, 1], options: { network, question: crypto.randomUUID() } },
  optionsOf: F.flow(
    tensorIn(where, 'digest', 'U8'),
    E.map(({ data }) => ({ digest: Buffer.from(data).toString('hex') })),
  ),
});

/**
 * Extracts the features of images by a network, as jobs on other processes: what `extractFeatures` returns, for
 * `compareFeatures`. The rows are joined in the order of the images, so that FID and the other metrics are those of one
 * process, digit by digit, if the backend gives an image the same bits in every batch, as wasm does. A worker is asked
 * for the digest of its network first, so that features of other parameters are not used again. Fails like
 * `sampleShards`, with the errors of the data, and with the error of a job that failed.
 * @example
 * import { tmpdir } from 'node:os'
 * const data: Images = { data: new Float32Array(2 * 784), shape: [2, 28, 28, 1] }
 * const engine = queue({ url: 'redis://localhost:1' }) // where no server is
 * const result = await featureShards({ engine, folder: `${tmpdir()}/features-${process.pid}`, data, network: 'digits' })()
 * isLeft(result) && result.left.expected // → 'a Valkey or Redis server at redis://localhost:1'
 */
export const featureShards = <G = unknown>(looks: Exact<G, keyof FeatureShards> & FeatureShards): Task<Extracted> =>
  genTask(where, function* () {
    const { network, batch, ...known } = yield* take(options.decode<FeatureShards>(looks));
    const pieces = dataPieces(where, featureWork.name, { network, batch }, known);
    const files = yield* take(
      allFiles(where, yield* runPieces({ where, pieces, question: digestOf(network), checkpoints: [] }, known)),
    );
    const features = yield* rowsOf(files, 'features');
    const probabilities = yield* rowsOf(files, 'probabilities');
    return { features: features!, ...(probabilities && { probabilities }) }; // every result has features
  });
