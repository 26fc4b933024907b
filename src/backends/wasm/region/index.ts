export { type Target, type KnownCode, noCode, type RegionModule, regionModule } from './module.js';
