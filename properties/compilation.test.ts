import { compilationLaws } from './laws/compilation.js';
import { checkLaws } from './suite.js';

checkLaws(compilationLaws);
