namespace AnnDataCache.Containers;

/// <summary>This node cannot be read; the others can. The message names the place, the value and the limit.</summary>
internal abstract class ContainerException(string message, Exception? inner) : Exception(message, inner);

/// <summary>The bytes contradict the format: truncated, out of range, cyclic, wrong checksum.</summary>
internal sealed class DamagedContainerException(string message, Exception? inner = null) : ContainerException(message, inner);

/// <summary>The file is sound as far as it was read, but uses a feature that is not read; the message names it.</summary>
internal sealed class UnsupportedContainerException(string message) : ContainerException(message, null);
