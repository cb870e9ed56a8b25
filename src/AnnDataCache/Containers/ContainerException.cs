namespace AnnDataCache.Containers;

/// <summary>This node cannot be read; the others can. The message names the place, the value and the limit.</summary>
internal abstract class ContainerException(string message, Exception? inner) : Exception(message, inner)
{
    /// <summary>True for what a damaged or hostile file can cause: it fails the node that is read, not the file.</summary>
    /// <remarks>Overflow: lengths are multiplied in checked arithmetic, so a shape beyond 2^63 bytes shows as that.</remarks>
    internal static bool IsDamage(Exception error) => error is ContainerException or EndOfStreamException or OverflowException;
}

/// <summary>The bytes contradict the format: truncated, out of range, cyclic, wrong checksum.</summary>
internal sealed class DamagedContainerException(string message, Exception? inner = null) : ContainerException(message, inner);

/// <summary>The file is sound as far as it was read, but uses a feature that is not read; the message names it.</summary>
internal sealed class UnsupportedContainerException(string message) : ContainerException(message, null);
