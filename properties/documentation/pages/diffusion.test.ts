import { testPage } from './page.js';

testPage('docs/diffusion.md');
