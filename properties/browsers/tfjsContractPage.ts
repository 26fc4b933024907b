import { tfjs } from '../../src/backends/tfjs/index.js';
import { valueOf } from '../oracles/plans.js';
import { offerChecks } from './checks.js';

offerChecks(valueOf(await tfjs('webgpu')()));
