namespace AnnDataCache.Tests.Codecs;

/// <summary>Decodes between guard bytes, so that a write outside the destination shows.</summary>
internal static class Guarded
{
    private const int Margin = 64;
    private const byte Mark = 0xA5;

    internal delegate int Decoder(ReadOnlySpan<byte> source, Span<byte> destination);

    /// <summary>What the decoder writes into a destination of <paramref name="capacity"/> bytes.</summary>
    internal static byte[] Decode(Decoder decoder, ReadOnlySpan<byte> source, int capacity)
    {
        byte[] memory = new byte[capacity + 2 * Margin];
        memory.AsSpan().Fill(Mark);
        try
        {
            int written = decoder(source, memory.AsSpan(Margin, capacity));
            Assert.InRange(written, 0, capacity);
            return memory.AsSpan(Margin, written).ToArray();
        }
        finally
        {
            Assert.False(memory.AsSpan(0, Margin).ContainsAnyExcept(Mark), "Bytes before the destination were written.");
            Assert.False(memory.AsSpan(Margin + capacity).ContainsAnyExcept(Mark), "Bytes behind the destination were written.");
        }
    }

    /// <summary>Damages the encoded bytes many times: each must decode to something or be refused, nothing else.</summary>
    /// <returns>How many were refused.</returns>
    internal static int Attack(Decoder decoder, ReadOnlySpan<byte> encoded, int capacity, int rounds, int seed)
    {
        Random random = new(seed);
        int refused = 0;
        for (int round = 0; round < rounds; round++)
        {
            byte[] damaged = Damage(encoded, random);
            try
            {
                Decode(decoder, damaged, random.Next(4) == 0 ? random.Next(capacity + 1) : capacity);
            }
            catch (AnnDataCache.Codecs.CodecException)
            {
                refused++;
            }
            catch (Exception other)
            {
                Assert.Fail($"Round {round} of seed {seed}: {other}");
            }
        }

        return refused;
    }

    private static byte[] Damage(ReadOnlySpan<byte> encoded, Random random)
    {
        byte[] damaged = encoded.ToArray();
        if (random.Next(3) == 0)
        {
            damaged = damaged[..random.Next(damaged.Length)];
        }

        // Headers are small, so half of the flips go to the first bytes.
        for (int flips = random.Next(5); flips > 0 && damaged.Length > 0; flips--)
        {
            int reach = random.Next(2) == 0 ? Math.Min(damaged.Length, 64) : damaged.Length;
            damaged[random.Next(reach)] ^= (byte)(1 << random.Next(8));
        }

        return damaged;
    }
}
