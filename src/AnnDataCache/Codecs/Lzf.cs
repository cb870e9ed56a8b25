namespace AnnDataCache.Codecs;

/// <summary>LibLZF, h5py's filter 32000: bytes copied from the source, or repeated from at most 8 KiB back.</summary>
internal static class Lzf
{
    internal static int Decode(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        int read = 0, written = 0;
        while (read < source.Length)
        {
            int control = source[read++];
            if (control < 32)
            {
                int run = control + 1;
                Require(run <= source.Length - read, read, "ends inside a run of literal bytes");
                Require(run <= destination.Length - written, read, "decodes to more than the destination holds");
                source.Slice(read, run).CopyTo(destination[written..]);
                read += run;
                written += run;
                continue;
            }

            int length = (control >> 5) + 2;
            Require(source.Length - read >= (length == 9 ? 2 : 1), read, "ends inside a reference");
            length += length == 9 ? source[read++] : 0;
            int distance = ((control & 0x1F) << 8 | source[read++]) + 1;
            Require(distance <= written, read, "refers to bytes before the start");
            Require(length <= destination.Length - written, read, "decodes to more than the destination holds");
            Repeat(destination, written, distance, length);
            written += length;
        }

        return written;
    }

    /// <summary>Copies <paramref name="length"/> bytes from <paramref name="distance"/> back; a short distance repeats its bytes.</summary>
    internal static void Repeat(Span<byte> destination, int at, int distance, int length)
    {
        if (distance == 1)
        {
            destination.Slice(at, length).Fill(destination[at - 1]);
            return;
        }

        // Each round copies all that is there so far, so what is there to copy doubles; the source and target never overlap.
        int from = at - distance;
        while (length > 0)
        {
            int piece = Math.Min(length, at - from);
            destination.Slice(from, piece).CopyTo(destination[at..]);
            at += piece;
            length -= piece;
        }
    }

    private static void Require(bool holds, int at, string what)
    {
        if (!holds)
        {
            throw new CodecException($"LZF data {what}, at byte {at} of the source.");
        }
    }
}
