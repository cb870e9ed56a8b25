using System.Buffers.Binary;

namespace AnnDataCache.Codecs;

// Inflate: RFC 1951 from span to span, with its zlib (1950) and gzip (1952) wrappers
//
// A chunk's whole input and whole output are in memory, so there is no window, no state between calls, no copying:
//   InflateTables   turns the code lengths of a block into two look-up tables of entries (InflateEntry)
//   InflateStream   walks the blocks and decodes symbol by symbol with every check; handles both ends of the data
//   InflateFast     the same symbols where at least InflateFast.InputMargin bytes are left to read and OutputMargin to write, so that
//                   bits are loaded eight bytes at a time and matches copied sixteen bytes at a time, unchecked
// Only a chunk too large for that comes and goes in pieces: InflatePump moves a window over its input and output.
// What must hold, and who relies on it
//   I1  Every code is complete, or has one symbol of one bit, or (distances) none.   The tables have no unset entry.
//   I2  No entry consumes more than 15 code bits + 5 (lengths) or 13 (distances).    The fast loop's count of bits between refills.
//   I3  A field that takes an index takes the bits that the table has to which it      No look-up leaves its table.
//       leads; a Guess at what is no literal skips nothing and takes the same index.
//   I4  A match starts at or after the destination's first byte.                     Copies never read before the destination.

/// <summary>Decodes deflate data. The result is the number of bytes written; it may be less than the destination holds.</summary>
internal static class Inflate
{
    /// <summary>A zlib stream; bytes after its end are ignored, as zlib does.</summary>
    internal static int Zlib(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        source = source[ZlibHeader(source)..];
        int written = InflateStream.Decode(source, destination, out int read);
        if (source.Length - read < 4)
        {
            throw new CodecException("The zlib stream ends before its checksum.");
        }

        uint stored = BinaryPrimitives.ReadUInt32BigEndian(source[read..]);
        uint computed = Adler32.Compute(destination[..written]);
        return stored == computed
            ? written
            : throw new CodecException($"The zlib stream's checksum is {stored:x8}, its {written} bytes have {computed:x8}.");
    }

    /// <summary>Checks a zlib stream's header; returns its length.</summary>
    internal static int ZlibHeader(ReadOnlySpan<byte> source)
    {
        if (source.Length < 2 || (source[0] << 8 | source[1]) % 31 != 0 || (source[0] & 0xF) != 8 || source[0] >> 4 > 7)
        {
            throw new CodecException("Not a zlib stream: its two header bytes are wrong.");
        }

        if ((source[1] & 0x20) != 0)
        {
            throw new CodecException("The zlib stream needs a preset dictionary, which is not supported.");
        }

        return 2;
    }

    /// <summary>Deflate data without a wrapper.</summary>
    internal static int Raw(ReadOnlySpan<byte> source, Span<byte> destination) =>
        InflateStream.Decode(source, destination, out _);

    /// <summary>One or more gzip members, written one after the other; zero bytes after the last are padding.</summary>
    internal static int Gzip(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        int total = 0;
        do
        {
            source = source[GzipHeader(source)..];
            int written = InflateStream.Decode(source, destination[total..], out int read);
            source = source[read..];
            if (source.Length < 8)
            {
                throw new CodecException("The gzip member ends before its checksum.");
            }

            uint stored = BinaryPrimitives.ReadUInt32LittleEndian(source);
            uint computed = Crc32.Compute(destination.Slice(total, written));
            if (stored != computed || BinaryPrimitives.ReadUInt32LittleEndian(source[4..]) != (uint)written)
            {
                throw new CodecException($"The gzip member's checksum is {stored:x8}, its {written} bytes have {computed:x8}.");
            }

            total += written;
            source = source[8..];
        }
        while (source.ContainsAnyExcept((byte)0));
        return total;
    }

    /// <summary>Checks a gzip member's header; returns its length.</summary>
    internal static int GzipHeader(ReadOnlySpan<byte> source)
    {
        const int HeaderChecksum = 2, Extra = 4, Name = 8, Comment = 16, Reserved = 0xE0;
        if (source.Length < 10 || source[0] != 0x1F || source[1] != 0x8B || source[2] != 8 || (source[3] & Reserved) != 0)
        {
            throw new CodecException("Not a gzip member: its ten header bytes are wrong.");
        }

        int flags = source[3], at = 10;
        if ((flags & Extra) != 0)
        {
            at = Within(source, at + 2);
            at = Within(source, at + BinaryPrimitives.ReadUInt16LittleEndian(source[(at - 2)..]));
        }

        foreach (int text in (ReadOnlySpan<int>)[Name, Comment])
        {
            if ((flags & text) != 0)
            {
                int length = source[at..].IndexOf((byte)0);
                at = Within(source, length < 0 ? int.MaxValue : at + length + 1);
            }
        }

        if ((flags & HeaderChecksum) == 0)
        {
            return at;
        }

        at = Within(source, at + 2);
        ushort stored = BinaryPrimitives.ReadUInt16LittleEndian(source[(at - 2)..]);
        return stored == (ushort)Crc32.Compute(source[..(at - 2)])
            ? at
            : throw new CodecException("The gzip header's checksum is wrong.");
    }

    private static int Within(ReadOnlySpan<byte> source, int end) =>
        end <= source.Length ? end : throw new CodecException("The gzip member ends inside its header.");
}
