/** Whether an adapter is none of a GPU: Mesa's llvmpipe, Chromium's SwiftShader, the basic driver of Windows. */
export const inSoftware = ({
  isFallbackAdapter,
  architecture,
  device,
  description,
}: GPUAdapterInfo): boolean =>
  isFallbackAdapter ||
  /software|llvmpipe|swiftshader|basic render/i.test(`${architecture} ${device} ${description}`);
