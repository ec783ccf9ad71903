using System.Diagnostics;
using Microsoft.Extensions.AI;
using NUnit.Framework;
using T5GemmaSharp.Hosting;
using T5GemmaSharp.Hosting.Clients;
using T5GemmaSharp.Tests.Support;

namespace T5GemmaSharp.Tests.Hosting;

/// <summary>The small trained model under load.</summary>
public sealed class G2pServiceTests
{
    private const int Clients = 200;

    private static readonly string[] Words =
        [.. "elephant transformer keyboard window mountain river ocean a i strength through thorough psychology extraordinary queue rhythm zebra cat dog internationalization".Split(' ')];

    [Test]
    public async Task GetResponseAsync_TwoHundredClientsAtOnce_AnswersAreThoseOfOneAtATime()
    {
        using var engine = HostedTestModels.EngineOf(new T5GemmaOptions { ModelPath = Path.Combine(SourceTree.Root(), "weights", "g2p"), Device = "cpu", QueueCapacity = Clients });
        using var client = new T5GemmaChatClient(engine);
        var alone = new Dictionary<string, string>();
        await client.GetResponseAsync("warm"); // loads
        var clock = Stopwatch.StartNew();
        for (var round = 0; round < 3; round++)
        {
            foreach (var word in Words)
                alone[word] = (await client.GetResponseAsync(word)).Text;
        }

        var oneAtATime = 3 * Words.Length / clock.Elapsed.TotalSeconds;
        clock.Restart();
        var together = await Task.WhenAll(Enumerable.Range(0, Clients).Select(number => Task.Run(async () => (Word: Words[number % Words.Length], (await client.GetResponseAsync(Words[number % Words.Length])).Text))));
        var atOnce = Clients / clock.Elapsed.TotalSeconds;
        TestContext.Out.WriteLine($"{oneAtATime:0} answers a second one at a time, {atOnce:0} together");
        Assert.That(together.Select(answer => answer.Text), Is.EqualTo(together.Select(answer => alone[answer.Word])));
    }
}
