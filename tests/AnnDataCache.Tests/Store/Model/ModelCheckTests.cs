namespace AnnDataCache.Tests.Store.Model;

/// <summary>Walks every state that the protocol can reach, and finds the shortest way to a broken invariant when a rule is left out.</summary>
public sealed class ModelCheckTests(ITestOutputHelper output)
{
    private const int MaxStates = 5_000_000;

    public static TheoryData<string> Models => ["hits and loads", "objects", "page recycling", "tiers and program versions"];

    [Theory]
    [MemberData(nameof(Models))]
    public void TheProtocolKeepsItsInvariantsInEveryReachableState(string of)
    {
        StateModel model = of switch
        {
            "hits and loads" => new ProtocolModel(Planted.None),
            "objects" => new ObjectModel(PlantedInObjects.None),
            "page recycling" => new RecyclingModel(PlantedInRecycling.None),
            _ => new CrossingModel(PlantedInCrossing.None),
        };
        (int states, IReadOnlyList<string>? trace) = Explore(model);
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
    public void ARuleThatIsLeftOutIsMissed(Planted planted, string invariant) => AssertMissed(new ProtocolModel(planted), invariant);

    [Theory]
    [InlineData(PlantedInObjects.ExchangeWithoutTheCapacityLock, "O")]
    [InlineData(PlantedInObjects.EvictWithoutTakingColdFirst, "O4")]
    [InlineData(PlantedInObjects.DeleteHotFirst, "O4")]
    [InlineData(PlantedInObjects.LookAtColdWhileHotHasTheName, "O2")]
    [InlineData(PlantedInObjects.MapColdWithoutLookingAtHotAgain, "O2")]
    [InlineData(PlantedInObjects.MapColdWithoutLookingAtItsNameAgain, "O2")]
    [InlineData(PlantedInObjects.ReapWithoutTryingTheLock, "S")]
    [InlineData(PlantedInObjects.RetireBeforeTheNewOneIsNamed, "O1")]
    public void ARuleOfObjectsThatIsLeftOutIsMissed(PlantedInObjects planted, string invariant) => AssertMissed(new ObjectModel(planted), invariant);

    [Theory]
    [InlineData(PlantedInRecycling.RecycleWithoutTheExclusiveLock, "S")]
    [InlineData(PlantedInRecycling.MarkWithoutTheExclusiveLock, "S7")]
    [InlineData(PlantedInRecycling.MapWithoutLookingAtTheMode, "S7")]
    [InlineData(PlantedInRecycling.MapWithoutReadingTheName, "S7")]
    [InlineData(PlantedInRecycling.TakeTheMarkAwayBeforeTheBytesAreThere, "S7")]
    [InlineData(PlantedInRecycling.RecycleWithoutTheLeaseAndMapWithoutLookingAtTheMode, "S7")]
    public void ARuleOfRecyclingThatIsLeftOutIsMissed(PlantedInRecycling planted, string invariant) => AssertMissed(new RecyclingModel(planted), invariant);

    [Theory]
    [InlineData(PlantedInCrossing.PromoteWithoutPinningTheColdPart, "S3")]
    [InlineData(PlantedInCrossing.PromoteWithoutComparingTheHash, "what the disk has changed")]
    [InlineData(PlantedInCrossing.RecoverWhatStandsStill, "S5")]
    [InlineData(PlantedInCrossing.SealOverTheOtherOne, "S3")]
    [InlineData(PlantedInCrossing.LeaveTheFormatOutOfTheName, "S2")]
    public void ARuleOfCrossingThatIsLeftOutIsMissed(PlantedInCrossing planted, string invariant) => AssertMissed(new CrossingModel(planted), invariant);

    private void AssertMissed(StateModel model, string invariant)
    {
        (int states, IReadOnlyList<string>? trace) = Explore(model);
        Assert.True(trace is not null, $"{states:N0} states, and nothing is missed.");
        output.WriteLine($"{trace.Count} steps: {string.Join(", ", trace)}");
        Assert.StartsWith(invariant, trace[^1], StringComparison.Ordinal);
    }

    /// <summary>Breadth first, so that a trace is as short as any.</summary>
    private static (int States, IReadOnlyList<string>? Trace) Explore(StateModel model)
    {
        byte[] initial = model.Initial;
        Dictionary<string, (string? From, string Step)> seen = new(StringComparer.Ordinal) { [Key(initial)] = (null, "start") };
        Queue<byte[]> open = new([initial]);
        while (open.TryDequeue(out byte[]? state))
        {
            string key = Key(state);
            if (model.FindFault(state) is { } fault) { return (seen.Count, [.. Trace(seen, key), fault]); }
            bool moves = false;
            foreach ((string step, byte[] next) in model.Steps(state))
            {
                moves |= !step.EndsWith("is killed", StringComparison.Ordinal) && !step.StartsWith("the ", StringComparison.Ordinal); // done to processes, not by them
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
