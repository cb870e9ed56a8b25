using System.Buffers.Binary;
using System.Text;

namespace AnnDataCache.Tests.Objects;

/// <summary>Put streams, as another program writes them.</summary>
internal static class PutBytes
{
    internal static byte[] Of(string header, params byte[][] buffers)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        byte[] length = new byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        return [.. "ADCPUT1\n"u8, .. length, .. json, .. buffers.SelectMany(buffer => buffer)];
    }

    /// <summary>So many bytes of one value.</summary>
    internal static byte[] Dense(byte value, int size)
    {
        byte[] values = new byte[size];
        Array.Fill(values, value);
        return Of($$"""{"kind":"dense","shape":[{{size}}],"columns":[{"name":"X","kind":"number","dtype":"uint8","rows":{{size}},"values":{{size}}}]}""", values);
    }
}
