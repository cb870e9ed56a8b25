namespace AnnDataCache.Codecs;

/// <summary>BloscLZ, Blosc's own compressor: like LZF, with longer lengths and a second, farther kind of distance.</summary>
internal static class BloscLz
{
    private const int NearReach = 8191, LongLength = 7, FarMark = 31 << 8 | 255;

    internal static int Decode(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        int read = 0, written = 0;
        while (read < source.Length)
        {
            // The first control byte's upper bits are the format's level; it always starts a run.
            int control = read == 0 ? source[read++] & 31 : source[read++];
            if (control < 32)
            {
                int run = control + 1;
                Require(run <= source.Length - read && run <= destination.Length - written, read);
                source.Slice(read, run).CopyTo(destination[written..]);
                read += run;
                written += run;
                continue;
            }

            int length = (control >> 5) + 2;
            for (int more = length == LongLength + 2 ? 255 : 0; more == 255; length += more)
            {
                Require(read < source.Length && length <= destination.Length, read);
                more = source[read++];
            }

            Require(read < source.Length, read);
            int distance = (control & 31) << 8 | source[read++];
            if (distance == FarMark)
            {
                Require(source.Length - read >= 2, read);
                distance = (source[read] << 8 | source[read + 1]) + NearReach;
                read += 2;
            }

            distance++;
            Require(distance <= written && length <= destination.Length - written, read);
            Lzf.Repeat(destination, written, distance, length);
            written += length;
        }

        return written;
    }

    private static void Require(bool holds, int at)
    {
        if (!holds)
        {
            throw new CodecException($"BloscLZ data is damaged or too long for its block, at byte {at} of the source.");
        }
    }
}
