/** Features of images as jobs, for FID and the other metrics. */
import type { Task } from '../../dsl/run/effect.js';
import { extractFeatures, type Extracted, type Features } from '../../evaluation/index.js';
import { positive } from '../../internal/decode.js';
import type { Exact } from '../../internal/exact.js';
import { t } from '../../internal/fp.js';
import { take } from '../../internal/gen.js';
import { optional, type OptionsOf, schema } from '../../internal/schema.js';
import { genTask } from '../../training/genEffect.js';
import type { StoredTensor } from '../../formats/safetensors.js';
import { dataFields, dataPieces, type DataShards } from './dataShards.js';
import { allFiles, rowsOf } from './results.js';
import { runPieces } from './sharding.js';
import { workOf } from '../jobs/work.js';

const looking = {
  /** The network: 'digits', or the name of one of the `networks` of the workers. */
  network: t.string,
  /** The number of images that a worker looks at, at a time; default 200. */
  batch: optional(positive, 200),
};

/** The images to look at, and where the jobs run. */
export interface FeatureShards extends DataShards, OptionsOf<typeof looking> {}

const where = 'featureShards';
const options = schema(where, { ...dataFields, ...looking } satisfies Record<keyof FeatureShards, unknown>);

const tensorOf = ({ data, shape }: Features): StoredTensor =>
  data instanceof Float64Array ? { dtype: 'F64', shape, data } : { dtype: 'F32', shape, data };

/** Extracts features in a worker. */
export const featureWork = workOf<OptionsOf<typeof looking>>({
  name: 'features',
  options: schema('job', looking),
  *run({ network: name, batch = 200 }, _range, { backend, network, input }) {
    const { images } = yield* input();
    const { features, probabilities } = yield* take(extractFeatures(yield* network(name), images, { batch })(backend));
    return new Map([['features', tensorOf(features)], ...(probabilities ? [['probabilities', tensorOf(probabilities)] as const] : [])]); // oxfmt-ignore
  },
});

/**
 * Extracts the features of images by a network, as jobs on other processes: what `extractFeatures` returns, for
 * `compareFeatures`. The rows are joined in the order of the images, so that FID and the other metrics are those of one
 * process, digit by digit, where the backend gives an image the same bits in every batch (wasm). Fails like `sampleShards`,
 * with the errors of the data, and with the error of a job that failed.
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
    const pieces = dataPieces(featureWork.name, { network, batch }, known);
    const files = yield* take(allFiles(where, yield* runPieces({ where, pieces, checkpoints: [] }, known)));
    const features = yield* rowsOf(files, 'features');
    const probabilities = yield* rowsOf(files, 'probabilities');
    return { features: features!, ...(probabilities && { probabilities }) }; // every result has features
  });
