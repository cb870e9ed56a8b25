namespace AnnDataCache.Tests.Store.Model;

/// <summary>Walks every state that the protocol can reach, and finds the shortest way to a broken invariant when a rule is left out.</summary>
public sealed class ModelCheckTests(ITestOutputHelper output)
{
    private const int MaxStates = 5_000_000;

    [Fact]
    public void TheProtocolKeepsItsInvariantsInEveryReachableState()
    {
        (int states, IReadOnlyList<string>? trace) = Explore(ProtocolModel.Initial, new ProtocolModel(Planted.None));
        output.WriteLine($"{states:N0} states");
        Assert.True(trace is null, string.Join('\n', trace ?? []));
        Assert.True(states > 1000, $"Only {states} states: does the model move?");
    }

    [Theory]
    [InlineData(Planted.MapWithoutLookingAtTheLinkCount, "S3")]
    [InlineData(Planted.EvictWithoutTheExclusiveLock, "S3")]
    [InlineData(Planted.CountTheReservationAfterTheLock, "S4")]
    [InlineData(Planted.RenameThatReplaces, "S")]
    [InlineData(Planted.SealWithoutLookingAtTheSource, "S2")]
    [InlineData(Planted.ReapWithoutTryingTheLock, "S5")]
    [InlineData(Planted.ChangeWithoutTheMark, "S4")]
    public void ARuleThatIsLeftOutIsMissed(Planted planted, string invariant)
    {
        (int states, IReadOnlyList<string>? trace) = Explore(ProtocolModel.Initial, new ProtocolModel(planted));
        Assert.True(trace is not null, $"{states:N0} states, and nothing is missed.");
        output.WriteLine($"{trace.Count} steps: {string.Join(", ", trace)}");
        Assert.StartsWith(invariant, trace[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void TheProtocolOfObjectsKeepsItsInvariantsInEveryReachableState()
    {
        ObjectModel model = new(PlantedInObjects.None);
        (int states, IReadOnlyList<string>? trace) = Explore(ObjectModel.Initial, model.Steps, model.FindFault);
        output.WriteLine($"{states:N0} states");
        Assert.True(trace is null, string.Join('\n', trace ?? []));
        Assert.True(states > 1000, $"Only {states} states: does the model move?");
    }

    [Theory]
    [InlineData(PlantedInObjects.ExchangeWithoutTheCapacityLock, "O")]
    [InlineData(PlantedInObjects.EvictWithoutTakingColdFirst, "O4")]
    [InlineData(PlantedInObjects.DeleteHotFirst, "O4")]
    [InlineData(PlantedInObjects.LookAtColdWhileHotHasTheName, "O2")]
    [InlineData(PlantedInObjects.MapColdWithoutLookingAtHotAgain, "O2")]
    [InlineData(PlantedInObjects.MapColdWithoutLookingAtItsNameAgain, "O2")]
    [InlineData(PlantedInObjects.ReapWithoutTryingTheLock, "S")]
    [InlineData(PlantedInObjects.RetireBeforeTheNewOneIsNamed, "O1")]
    public void ARuleOfObjectsThatIsLeftOutIsMissed(PlantedInObjects planted, string invariant)
    {
        ObjectModel model = new(planted);
        (int states, IReadOnlyList<string>? trace) = Explore(ObjectModel.Initial, model.Steps, model.FindFault);
        Assert.True(trace is not null, $"{states:N0} states, and nothing is missed.");
        output.WriteLine($"{trace.Count} steps: {string.Join(", ", trace)}");
        Assert.StartsWith(invariant, trace[^1], StringComparison.Ordinal);
    }

    private static (int States, IReadOnlyList<string>? Trace) Explore(byte[] initial, ProtocolModel model) => Explore(initial, model.Steps, model.FindFault);

    /// <summary>Breadth first, so that a trace is as short as any.</summary>
    private static (int States, IReadOnlyList<string>? Trace) Explore(
        byte[] initial, Func<byte[], IEnumerable<(string Step, byte[] Next)>> steps, Func<byte[], string?> findFault)
    {
        Dictionary<string, (string? From, string Step)> seen = new(StringComparer.Ordinal) { [Key(initial)] = (null, "start") };
        Queue<byte[]> open = new([initial]);
        while (open.TryDequeue(out byte[]? state))
        {
            string key = Key(state);
            if (findFault(state) is { } fault) { return (seen.Count, [.. Trace(seen, key), fault]); }
            bool moves = false;
            foreach ((string step, byte[] next) in steps(state))
            {
                moves |= !step.EndsWith("is killed", StringComparison.Ordinal) && step != "the source changes";
                if (seen.TryAdd(Key(next), (key, step))) { open.Enqueue(next); }
            }

            if (!moves) { return (seen.Count, [.. Trace(seen, key), "nobody can move"]); }
            Assert.True(seen.Count < MaxStates, "The model is too large to be walked.");
        }

        return (seen.Count, null);
    }

    private static string Key(byte[] state) => string.Create(state.Length, state, static (text, bytes) =>
    {
        for (int i = 0; i < bytes.Length; i++) { text[i] = (char)bytes[i]; }
    });

    private static IEnumerable<string> Trace(Dictionary<string, (string? From, string Step)> seen, string key)
    {
        List<string> steps = [];
        for (string? at = key; at is not null; at = seen[at].From) { steps.Add(seen[at].Step); }
        steps.Reverse();
        return steps;
    }
}
