import { fewStepLaws } from './laws/fewSteps.js';
import { checkLaws } from './suite.js';

checkLaws(fewStepLaws);
