using System.Buffers.Binary;
using AnnDataCache.Containers;

namespace AnnDataCache.Hdf5;

/// <summary>Reads one structure field by field; never past its end.</summary>
internal ref struct FormatReader(ReadOnlySpan<byte> bytes, int offsetSize, int lengthSize, string what, long address)
{
    private readonly ReadOnlySpan<byte> _bytes = bytes;

    internal int Position { get; private set; }

    internal readonly int Remaining => _bytes.Length - Position;

    internal byte Byte() => Take(1)[0];

    internal ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    internal uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    internal ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    /// <summary>An address, or <see cref="FormatSource.Undefined"/>.</summary>
    internal long Offset()
    {
        ulong value = Unsigned(Take(offsetSize));
        ulong undefined = ulong.MaxValue >> (64 - (8 * offsetSize));
        return value == undefined ? FormatSource.Undefined : Signed(value, "an address");
    }

    internal long Length() => Signed(Unsigned(Take(lengthSize)), "a length");

    /// <summary>A number of 1 to 8 bytes.</summary>
    internal long Number(int width) => width is >= 1 and <= 8
        ? Signed(Unsigned(Take(width)), "a number")
        : throw Damaged($"has a number of {width} bytes");

    /// <summary>A number that must be able to index an array.</summary>
    internal int Int32() => checked((int)UInt32());

    internal ReadOnlySpan<byte> Take(int count)
    {
        if (count < 0 || count > Remaining)
        {
            throw Damaged($"ends at byte {_bytes.Length:N0}, but {count:N0} bytes are wanted at {Position:N0}");
        }

        ReadOnlySpan<byte> taken = _bytes.Slice(Position, count);
        Position += count;
        return taken;
    }

    internal void Skip(int count) => Take(count);

    /// <summary>Skips to the next multiple of 8 from the start of the structure, or to its end.</summary>
    internal void Align8() => Take(Math.Min(Remaining, -Position & 7));

    /// <summary>Bytes up to a NUL, which is consumed.</summary>
    internal ReadOnlySpan<byte> NulTerminated()
    {
        int length = _bytes[Position..].IndexOf((byte)0);
        if (length < 0) { throw Damaged("has a name without an end"); }
        ReadOnlySpan<byte> text = Take(length);
        Skip(1);
        return text;
    }

    internal void Signature(ReadOnlySpan<byte> expected)
    {
        ReadOnlySpan<byte> found = Take(expected.Length);
        if (!found.SequenceEqual(expected))
        {
            throw Damaged($"begins with {Convert.ToHexString(found)} instead of {Convert.ToHexString(expected)}");
        }
    }

    internal byte Version(int lowest, int highest)
    {
        byte version = Byte();
        if (version < lowest) { throw Damaged($"has version {version}"); }
        return version <= highest
            ? version
            : throw new UnsupportedContainerException(
                $"Version {version} of the {what} at {address:N0} is not read; {highest} is the newest known.");
    }

    internal readonly DamagedContainerException Damaged(string problem) =>
        new($"The {what} at {address:N0} {problem}.");

    private readonly long Signed(ulong value, string kind) =>
        value <= long.MaxValue ? (long)value : throw Damaged($"has {kind} of {value:N0}");

    private static ulong Unsigned(ReadOnlySpan<byte> raw)
    {
        if (raw.Length == 8) { return BinaryPrimitives.ReadUInt64LittleEndian(raw); }
        ulong value = 0;
        for (int i = raw.Length - 1; i >= 0; i--) { value = (value << 8) | raw[i]; }
        return value;
    }
}
