import { webgpu } from '../../src/backends/webgpu/index.js';
import { valueOf } from '../oracles/plans.js';
import { offerChecks } from './checks.js';

offerChecks(valueOf(await webgpu()()));
