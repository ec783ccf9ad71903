using NUnit.Framework;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Tests.Tokenization;

public sealed class ConcurrentEncodingTests
{
    private const int Threads = 8;

    [Test]
    public void Encode_EightThreadsTinyVocabulary_IdsOfOneThread()
    {
        // Numbers written with the vocabulary's own characters: every text is another one, short and long.
        const string Letters = "abcde <>\né😀x";
        var texts = Enumerable.Range(0, 4000).Select(number => string.Concat(Enumerable.Range(0, 1 + (number % 60)).Select(place => Letters[(int)((uint)(number * 2654435761L + place * 40503L) >> 7) % Letters.Length]))).ToArray();
        AssertSameIds(TinyTokenizer.Create(), TinyTokenizer.Create(), texts);
    }

    [Test]
    public void Encode_EightThreadsRealVocabulary_IdsOfOneThread()
    {
        var texts = Gemma2Cases.Encodings().Select(item => ((Gemma2Cases.EncodingCase)item.Arguments[0]!).Text).ToArray();
        AssertSameIds(Gemma2Tokenizer.Instance(), T5GemmaTokenizer.FromPretrained(Gemma2Tokenizer.Folder()), texts);
    }

    // The threads use a tokenizer that has encoded nothing yet, so that they meet in whatever it fills on the way.
    private static void AssertSameIds(T5GemmaTokenizer one, T5GemmaTokenizer shared, string[] texts)
    {
        var expected = texts.Select(text => one.Encode(text)).ToList();
        var decoded = expected.Select(ids => one.Decode(ids)).ToList();
        using var start = new Barrier(Threads);
        var tasks = Enumerable.Range(0, Threads).Select(number => Task.Factory.StartNew(() => Work(number), TaskCreationOptions.LongRunning)).ToArray();
        Assert.That(tasks.SelectMany(task => task.Result), Is.Empty);

        List<string> Work(int number)
        {
            var faults = new List<string>();
            start.SignalAndWait();
            for (var step = 0; step < texts.Length; step++)
            {
                // Half of the threads in one order, half in the other.
                var index = number % 2 == 0 ? step : texts.Length - 1 - step;
                var ids = shared.Encode(texts[index]);
                if (!ids.SequenceEqual(expected[index]) || shared.Decode(ids) != decoded[index])
                    faults.Add($"thread {number}, text {index}: {string.Join(' ', ids.Take(50))}");
            }

            return faults;
        }
    }
}
