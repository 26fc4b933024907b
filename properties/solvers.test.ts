import { conditionLaws } from './laws/conditions.js';
import { guidanceLaws } from './laws/guidance.js';
import { solverLaws } from './laws/solvers.js';
import { checkLaws } from './suite.js';

checkLaws([...solverLaws, ...conditionLaws, ...guidanceLaws]);
