/** The contract of backends on TensorFlow, where tfjs-node-gpu is installed and works. */
import { afterAll, describe } from 'vitest';
import { reference } from '../src/backends/reference/index.js';
import { nodeGpu } from '../src/backends/tfjs/nodeGpu.js';
import { E } from '../src/internal/fp.js';
import { backendLaws } from './laws/backends.js';
import { valueOf } from './oracles/plans.js';
import { checkLaws } from './suite.js';

const acquired = await nodeGpu()();
const missing = E.isLeft(acquired) ? acquired.left.message : '';
// the laws' names are needed where they are skipped, too
const backend = E.isRight(acquired) ? acquired.right : valueOf(await reference()());

describe.skipIf(missing !== '')(missing === '' ? 'node-gpu' : missing, () => checkLaws(backendLaws(backend)));

afterAll(() => backend.close());
