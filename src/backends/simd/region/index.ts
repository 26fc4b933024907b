export { instantiateRegions, regionModule } from './module.js';
export type { RegionEntry, RegionKernel, RegionModule } from './module.js';
export type { HostFunction } from './values.js';
