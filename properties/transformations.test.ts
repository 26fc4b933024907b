import { transformationLaws } from './laws/transformations.js';
import { checkLaws } from './suite.js';

checkLaws(transformationLaws);
