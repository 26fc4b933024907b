/**
 * True for a software-emulated adapter: Mesa's llvmpipe, Chromium's SwiftShader, the basic render driver of Windows.
 */
export const isSoftwareAdapter = ({ isFallbackAdapter, architecture, device, description }: GPUAdapterInfo): boolean =>
  isFallbackAdapter || /software|llvmpipe|swiftshader|basic render/i.test(`${architecture} ${device} ${description}`);
