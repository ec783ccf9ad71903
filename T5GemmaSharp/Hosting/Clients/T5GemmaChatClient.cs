using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using T5GemmaSharp.Generation.Streaming;
using T5GemmaSharp.Hosting.Batching;

namespace T5GemmaSharp.Hosting.Clients;

/// <summary>Chats with a model of the service.</summary>
internal sealed class T5GemmaChatClient(T5GemmaEngine engine) : IChatClient
{
    private readonly ChatClientMetadata _metadata = new(Provider.Name, defaultModelId: engine.ModelId);

    public async Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        var output = new WholeOutput();
        var work = await SubmitAsync(messages, options, output, cancellationToken).ConfigureAwait(false);
        var tokens = await output.Result.ConfigureAwait(false);
        var id = Identifier.New();
        return new ChatResponse(new ChatMessage(ChatRole.Assistant, string.Concat(tokens.Select(token => token.Text))) { MessageId = id, CreatedAt = DateTimeOffset.UtcNow })
        {
            ResponseId = id,
            ModelId = engine.ModelId,
            CreatedAt = DateTimeOffset.UtcNow,
            FinishReason = Reason(tokens[^1].FinishReason),
            Usage = Usage(work, tokens.Count),
        };
    }

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        // A reader that leaves the loop early ends the request like one that cancels.
        using var left = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var output = new StreamedOutput();
        try
        {
            var work = await SubmitAsync(messages, options, output, left.Token).ConfigureAwait(false);
            var (id, created, count) = (Identifier.New(), DateTimeOffset.UtcNow, 0);
            await foreach (var token in output.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                count++;
                if (token.Text.Length > 0)
                    yield return Update(new TextContent(token.Text), reason: null);
                if (token.FinishReason is not null)
                    yield return Update(new UsageContent(Usage(work, count)), Reason(token.FinishReason));
            }

            ChatResponseUpdate Update(AIContent content, ChatFinishReason? reason) => new(ChatRole.Assistant, [content])
            {
                ResponseId = id,
                MessageId = id,
                ModelId = engine.ModelId,
                CreatedAt = created,
                FinishReason = reason,
            };
        }
        finally
        {
            await left.CancelAsync().ConfigureAwait(false);
        }
    }

    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null)
            return null;
        return new object[] { _metadata, engine, this }.FirstOrDefault(serviceType.IsInstanceOfType);
    }

    // The engine is the container's.
    public void Dispose()
    {
    }

    private async Task<GenerationWork> SubmitAsync(IEnumerable<ChatMessage> messages, ChatOptions? options, IGenerationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var list = messages.ToList();
        if (options?.Instructions is { Length: > 0 } instructions)
            list.Insert(0, new ChatMessage(ChatRole.System, instructions));
        if (list.Count == 0)
            throw new ArgumentException("messages: expected at least one, got none", nameof(messages));
        var limits = engine.Options;
        return await engine.SubmitAsync(
            model =>
            {
                var generator = model.Generator ?? throw new NotSupportedException($"the model {engine.ModelId} is a {model.Model.GetType().Name}, which does not generate text");
                var ids = ChatPrompt.Encode(model.Tokenizer, list, ChatSettings.UseTemplate(options) ?? limits.UseChatTemplate, limits.MaxInputCharacters, limits.MaxInputTokens);
                var config = ChatSettings.Config(options, this);
                var controls = ChatSettings.Controls(options, model.Tokenizer, generator.GenerationConfig.Override(config).EosTokenId);
                return GenerationRequests.Create(generator, limits, new ChatRequest(ids, config, controls, ChatSettings.TimeoutOf(options, limits.RequestTimeout)), output, cancellationToken);
            },
            cancellationToken).ConfigureAwait(false);
    }

    private static ChatFinishReason Reason(FinishReason? reason)
        => reason is FinishReason.EndOfSequence or FinishReason.StopString ? ChatFinishReason.Stop : ChatFinishReason.Length;

    private static UsageDetails Usage(GenerationWork work, int count)
        => new() { InputTokenCount = work.SourceIds.Count, OutputTokenCount = count, TotalTokenCount = work.SourceIds.Count + count };
}
