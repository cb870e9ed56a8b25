using System.CommandLine;
using AnnDataCache.Cli.Demo;

namespace AnnDataCache.Cli;

/// <summary>The second process of the demonstration: reads what the first has loaded, and waits until it was measured.</summary>
internal sealed class DemoReaderVerb : Verb
{
    private readonly Argument<string> _file = FileArgument();

    internal override string Name => "demo-reader";
    protected override string Summary => "The second process of 'demo'.";
    protected override string Example => "demo";
    protected override bool Hidden => true;
    protected override IEnumerable<Symbol> Symbols => [_file];

    protected override int Execute(Session session)
    {
        using CachedAnnData source = session.OpenSource(session.Parsed.GetRequiredValue(_file));
        using DemoReading reading = DemoReading.Of(source, session.Cancellation);
        foreach (DemoElement element in reading.Elements) { Console.Out.WriteLine(element.ToLine()); }
        Console.Out.WriteLine(DemoProtocol.Ready);
        while (Console.In.ReadLine() is { } question) // the first process ends this one by closing the pipe
        {
            if (question == DemoProtocol.Measure) { Console.Out.WriteLine(reading.Measure().ToLine()); }
        }

        return ExitCodes.Done;
    }
}
