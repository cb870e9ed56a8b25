using AnnDataCache.Codecs;

namespace AnnDataCache.Tests.Codecs;

/// <summary>The loops that expect no, one or two literals before each match, on codes of every length and any order of symbols.</summary>
public sealed class InflateGuessTests
{
    /// <summary>Eighths of the code space that are literals', and how many are then expected before a match.</summary>
    public static TheoryData<int, int> Shares => new() { { 1, 0 }, { 2, 0 }, { 3, 1 }, { 4, 2 }, { 5, 2 }, { 6, 0 }, { 7, 0 } };

    [Theory]
    [MemberData(nameof(Shares))]
    public void TheShareOfLiteralsSaysHowManyAreExpected(int eighths, int guesses)
    {
        InflateTables tables = InflateTables.Scratch;
        tables.BuildLiterals(new DeflateBlock(new Random(eighths), eighths).LiteralLengths);
        Assert.Equal(guesses, tables.Guesses);
        Assert.Equal(0, InflateTables.Fixed.Guesses);
    }

    [Theory]
    [MemberData(nameof(Shares))]
    public void EveryOrderOfLiteralsAndMatchesDecodes(int eighths, int guesses)
    {
        for (int seed = 0; seed < 30; seed++)
        {
            Random random = new(seed);
            DeflateBlock block = Make(random, eighths, random.Next(4000));
            byte[] encoded = block.End(), decoded = block.Decoded;
            foreach (int spare in (int[])[0, 1, 400])
            {
                Assert.True(
                    decoded.AsSpan().SequenceEqual(Guarded.Decode(Inflate.Raw, encoded, decoded.Length + spare)),
                    $"Seed {seed}, {eighths} eighths, {guesses} expected, {spare} spare.");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Shares))]
    public void DamageIsRefusedOrDecodesInsideTheDestination(int eighths, int guesses)
    {
        DeflateBlock block = Make(new Random(guesses), eighths, 1500);
        byte[] encoded = block.End();
        int refused = Guarded.Attack(Inflate.Raw, encoded, block.Decoded.Length, 2000, Environment.TickCount & 0xFFFFF);
        Assert.True(refused > 200, $"Only {refused} of 2000 damaged streams were noticed.");
    }

    // Runs of zero to four literals, and now and then many; matches of any length and distance.
    private static DeflateBlock Make(Random random, int eighths, int matches)
    {
        DeflateBlock block = new(random, eighths);
        for (; matches > 0; matches--)
        {
            for (int literals = random.Next(20) == 0 ? random.Next(40) : random.Next(5); literals > 0; literals--)
            {
                block.Literal((byte)random.Next(256));
            }

            block.Match(random, random.Next(257, 286), random.Next(30));
        }

        return block;
    }
}
