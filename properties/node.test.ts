/** The contract of backends on TensorFlow, where tfjs-node is installed and works. */
import { afterAll, describe } from 'vitest';
import { reference } from '../src/backends/reference/index.js';
import { node } from '../src/backends/tfjs/node.js';
import { E } from '../src/internal/fp.js';
import { backendLaws } from './laws/backends.js';
import { valueOf } from './oracles/plans.js';
import { checkLaws } from './suite.js';

const acquired = await node()();
const missing = E.isLeft(acquired) ? acquired.left.message : '';
// the laws' names are needed where they are skipped, too
const backend = E.isRight(acquired) ? acquired.right : valueOf(await reference()());

describe.skipIf(missing !== '')(missing === '' ? 'node' : missing, () => checkLaws(backendLaws(backend)));

afterAll(() => backend.close());
