import { solverLaws } from './laws/solvers.js';
import { checkLaws } from './suite.js';

checkLaws(solverLaws);
