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

    [Test]
    public async Task GetStreamingResponseAsync_StormOfCancellations_OthersAreAnsweredAndNothingIsLeft()
    {
        using var engine = HostedTestModels.EngineOf(new T5GemmaOptions { ModelPath = Path.Combine(SourceTree.Root(), "weights", "g2p"), Device = "cpu", QueueCapacity = 2 * Clients });
        using var client = new T5GemmaChatClient(engine);
        var expected = new Dictionary<string, string>();
        foreach (var word in Words)
            expected[word] = (await client.GetResponseAsync(word)).Text;
        var before = await HostedTestModels.LiveCount(engine);
        var answers = await Task.WhenAll(Enumerable.Range(0, 2 * Clients).Select(number => Task.Run(() => Ask(number))));
        using (Assert.EnterMultipleScope())
        {
            for (var number = 0; number < answers.Length; number++)
            {
                var answer = expected[Words[number % Words.Length]];
                Assert.That(answers[number], number % 4 == 0 ? Is.EqualTo(answer) : Is.Null.Or.EqualTo(answer), $"client {number}");
            }
        }

        Assert.That(() => engine.ActiveRequests + engine.WaitingRequests, Is.Zero.After(5000, 10));
        Assert.That(await HostedTestModels.LiveCount(engine), Is.EqualTo(before));

        // One in four stays; others leave before, at once, or after the first words.
        async Task<string?> Ask(int number)
        {
            using var cancellation = new CancellationTokenSource();
            var text = "";
            try
            {
                if (number % 4 == 1)
                    cancellation.CancelAfter(number % 20);
                await foreach (var update in client.GetStreamingResponseAsync(Words[number % Words.Length], cancellationToken: cancellation.Token))
                {
                    text += update.Text;
                    if (number % 4 == 2)
                        return null;
                    if (number % 4 == 3)
                        await cancellation.CancelAsync();
                }

                return text;
            }
            catch (OperationCanceledException)
            {
                return null;
            }
        }
    }
}
