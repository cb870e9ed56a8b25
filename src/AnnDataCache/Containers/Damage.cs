using AnnDataCache.Codecs;

namespace AnnDataCache.Containers;

/// <summary>Says which object was being read when bytes made no sense.</summary>
internal static class Damage
{
    /// <summary>True for what hostile bytes can cause below: it becomes a <see cref="DamagedContainerException"/>.</summary>
    internal static bool IsCause(Exception exception) =>
        exception is EndOfStreamException or OverflowException or CodecException or DamagedContainerException
            or UnsupportedContainerException;

    /// <summary>The same failure with the path of the object in front.</summary>
    internal static ContainerException At(string path, Exception cause)
    {
        string place = $"'{(path.Length == 0 ? "/" : path)}': ";
        if (cause is ContainerException && cause.Message.StartsWith(place, StringComparison.Ordinal))
        {
            return (ContainerException)cause;
        }

        return cause switch
        {
            UnsupportedContainerException => new UnsupportedContainerException(place + cause.Message),
            OverflowException => new DamagedContainerException($"{place}it claims more than the {long.MaxValue:N0} bytes that a file can have.", cause),
            _ => new DamagedContainerException(place + cause.Message, cause),
        };
    }

    /// <summary>Reads something of the object at the path; what its bytes cause is thrown with the path in front.</summary>
    /// <exception cref="ContainerException">They make no sense.</exception>
    internal static T Guard<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception cause) when (IsCause(cause))
        {
            throw At(path, cause);
        }
    }
}
